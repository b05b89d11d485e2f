import { useEffect, useState } from "preact/hooks";
import { get, part, url } from "../api";
import { Charts, Metrics } from "../components/charts";
import { Code } from "../components/code";
import { JobPanel } from "../components/job-panel";
import { Link } from "../components/link";
import { Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Status, When } from "../components/state";
import { DataTable } from "../components/table";
import { useLiveRun } from "../curves";
import { useJob } from "../following";
import { bytes, number } from "../format";
import { runOf } from "../jobs";
import { LazyFigure } from "../parts";
import { useResource } from "../resource";
import type { Artifact, Figure, Job, RunDetail, RunRow } from "../types";
import { MissingPage } from "./missing";
import { RunTable, took } from "./runs";

export function RunPage({ id }: { id: string }) {
  const [attempt, setAttempt] = useState(1);
  const live = useLiveRun(id, attempt);
  const moving = !live.ended;
  const { value: run, problem, again } = useResource<RunDetail>(`runs/${id}?${live.status}`, (signal) => get(`runs/${part(id)}`, signal), moving ? 2500 : 0);
  const jobs = useResource<Job[]>("jobs", (signal) => get("jobs", signal)).value;
  if (!run) return problem?.status === 404 ? <MissingPage what={`There is no run ${id}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the run" />;
  const job = (jobs ?? []).find((one) => runOf(one) === id);
  const status = live.status || run.status;
  const name = run.name || id.slice(0, 8);
  // What was measured on held-out rows stands on top; everything else is in the table at the end.
  const all = Object.entries(run.metrics ?? {});
  const held = all.filter(([key]) => key.startsWith("test_"));
  const values = Object.fromEntries((held.length ? held : all).slice(0, 8));
  return (
    <div class="stack loose">
      <div>
        <PageHead title={name} crumbs={[{ label: "Runs", to: ["runs"] }]}>
          <div class="row small">
            <Status status={status} />
            <span class="muted">
              {run.experiment && <>in {run.experiment}, </>}started <When value={run.started} />
              {run.ended ? `, took ${took(run)}` : ""}
            </span>
            {run.parent && <Link to={["runs", run.parent]}>Part of another run</Link>}
          </div>
        </PageHead>
        <div class="stack">
          {job && status !== "done" && <FollowedJob job={job} onAttempt={setAttempt} />}
          <Metrics metrics={values} />
        </div>
      </div>
      <Curves live={live.curves} moving={moving} />
      <div class="two">
        <Params run={run} />
        <div class="stack loose">
          <Repeat run={run} />
          <Facts run={run} />
        </div>
      </div>
      <Artifacts id={id} status={status} />
      <Children id={id} />
      <Extremes run={run} />
    </div>
  );
}

function FollowedJob({ job, onAttempt }: { job: Job; onAttempt: (attempt: number) => void }) {
  const following = useJob(job.id, job);
  const attempt = following.job?.attempt;
  useEffect(() => {
    if (attempt) onAttempt(attempt);
  }, [attempt]);
  return (
    <div class="card">
      <JobPanel following={following} id={job.id} />
    </div>
  );
}

function Curves({ live, moving }: { live: Parameters<typeof Charts>[0]["curves"]; moving: boolean }) {
  const some = Object.values(live).some((one) => one.step.length > 1);
  return (
    <section class="stack" aria-label="Curves">
      <h2>Curves</h2>
      {some ? <Charts curves={live} /> : <p class="muted">{moving ? "The first points have not landed yet." : "No metric was logged more than once, so there is no curve."}</p>}
    </section>
  );
}

function Params({ run }: { run: RunDetail }) {
  const params = Object.entries(run.params ?? {});
  return (
    <section class="stack" aria-label="Parameters">
      <h2>Parameters</h2>
      {params.length ? <DataTable caption="Parameters" columns={["Name", "Value"]} rows={params} tall={false} /> : <p class="muted">None were set.</p>}
    </section>
  );
}

/** The command that does the same again, with the parameters as flags. */
function Repeat({ run }: { run: RunDetail }) {
  if (!run.system) return null;
  const model = run.tags?.["castalia.model"];
  const quote = (text: string): string => (/^[A-Za-z0-9_./:=@+-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);
  const flag = (name: string, value: unknown): string => {
    const dashed = name.replace(/_/g, "-");
    if (value === true || value === "True" || value === "true") return `--${dashed}`;
    if (value === false || value === "False" || value === "false") return `--no-${dashed}`;
    return `--${dashed} ${quote(typeof value === "object" ? JSON.stringify(value) : String(value))}`;
  };
  const flags = Object.entries(run.params ?? {}).filter(([, value]) => value !== null && value !== "None" && value !== "null");
  const quick = run.tags?.["castalia.quick"] === "true";
  const parts = [`castalia fit ${run.system}`, ...(quick ? ["--quick"] : []), ...flags.map(([name, value]) => flag(name, value)), ...(typeof model === "string" && model !== run.system ? [`--as ${quote(model)}`] : [])];
  return (
    <section class="stack" aria-label="Repeat it">
      <h2>Repeat it</h2>
      <Code text={parts.join(" ").length <= 60 ? parts.join(" ") : parts.join(" \\\n  ")} what="the command that repeats this run" />
    </section>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const tags = Object.entries(run.tags ?? {});
  return (
    <section class="stack tight" aria-label="Facts">
      <h2>Facts</h2>
      <dl class="facts">
        <dt>Id</dt>
        <dd>
          <code>{run.run_id}</code>
        </dd>
        {run.system && (
          <>
            <dt>System</dt>
            <dd>
              <Link to={["systems", run.system.replace("/", "~")]}>{run.system}</Link>
            </dd>
          </>
        )}
        {tags.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{String(value)}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function Artifacts({ id, status }: { id: string; status: string }) {
  const files = useResource<Artifact[]>(`runs/${id}/artifacts?${status}`, (signal) => get(`runs/${part(id)}/artifacts`, signal)).value;
  if (!files?.length) return null;
  const address = (name: string): string => url(`runs/${part(id)}/artifacts/${name.split("/").map(part).join("/")}`);
  const pictures = files.filter((one) => /\.(png|jpe?g|gif|webp)$/i.test(one.name));
  const figures = files.filter((one) => one.name.endsWith(".figure.json")).slice(0, 12);
  return (
    <section class="stack" aria-label="Files">
      <h2>Files</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Files">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="right">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {files.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  <a href={address(one.name)} download>
                    {one.name}
                  </a>
                </th>
                <td class="right">{one.size === undefined ? "–" : bytes(one.size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {figures.map((one) => (
        <StoredFigure key={one.name} path={`runs/${part(id)}/artifacts/${one.name.split("/").map(part).join("/")}`} />
      ))}
      <div class="row">
        {pictures.slice(0, 12).map((one) => (
          <img key={one.name} class="preview" src={address(one.name)} alt={one.name} loading="lazy" />
        ))}
      </div>
    </section>
  );
}

function StoredFigure({ path }: { path: string }) {
  const figure = useResource<Figure>(path, (signal) => get(path, signal)).value;
  return figure ? (
    <div class="card">
      <LazyFigure figure={figure} />
    </div>
  ) : null;
}

function Children({ id }: { id: string }) {
  const value = useResource<{ items: RunRow[]; total: number }>(`runs?parent=${id}`, (signal) => get(`runs?parent=${part(id)}&order=started&limit=200`, signal)).value;
  if (!value?.items.length) return null;
  return (
    <section class="stack" aria-label="Runs inside this one">
      <h2>Runs inside this one</h2>
      <RunTable runs={value.items} />
    </section>
  );
}

function Extremes({ run }: { run: RunDetail }) {
  const rows = Object.entries(run.summary ?? {}).map(([name, one]) => [name, number(one.last), one.last_step, number(one.min), one.min_step, number(one.max), one.max_step]);
  if (!rows.length) return null;
  return (
    <details>
      <summary>Every metric: last, lowest, highest</summary>
      <DataTable caption="Metrics" columns={["Metric", "Last", "at step", "Lowest", "at step", "Highest", "at step"]} rows={rows} tall={false} />
    </details>
  );
}
