import { useMemo, useState } from "preact/hooks";
import { get } from "../../api";
import { Code } from "../../components/code";
import { NoteEditor, RenameForm, TagEditor } from "../../components/editing";
import { Icon } from "../../components/icons";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Status, When } from "../../components/state";
import { useTrying } from "../../components/trying";
import { aligned, plural } from "../../format";
import { useResource } from "../../resource";
import { href, setQuery, usePlace } from "../../router";
import type { RunRow } from "../../types";
import { MissingPage } from "../missing";
import type { Names } from "../runs/columns";
import { Activity } from "./days";
import { archive, bin, change, type Experiment, NAME_LENGTH, NOTE_LENGTH, rename, runsOf, took, useExperiment } from "./experiments";
import { Statuses } from "./parts";

const FEW = 5;

/** One experiment by its name; it may not be there yet. */
export function NamedExperiment({ name }: { name: string }) {
  const path = `experiments?${new URLSearchParams({ name })}`;
  const { value, problem, again } = useResource<Experiment[]>(path, (signal) => get(path, signal), 5000);
  const found = value?.[0];
  if (found) return <ExperimentPage id={found.id} />;
  if (value) return <MissingPage what={`There is no experiment ${name}`} />;
  return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the experiment" />;
}

export function ExperimentPage({ id }: { id: number }) {
  const { query } = usePlace();
  const metric = query.get("metric") ?? "";
  const { value: one, problem, again } = useExperiment(id, metric);
  const before = useExperiment(metric ? id : undefined, "").value;
  const shown = one ?? before;
  if (!shown) return problem?.status === 404 ? <MissingPage what={`There is no experiment ${id}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the experiment" />;
  return <Shown one={shown} metric={metric} waiting={!one} again={again} />;
}

function Shown({ one, metric, waiting, again }: { one: Experiment; metric: string; waiting: boolean; again: () => void }) {
  const fixed = one.lifecycle === "deleted";
  const put = (changes: Parameters<typeof change>[1]) => change(one.id, changes).finally(again);
  return (
    <div>
      <Head one={one} again={again} />
      <div class="two run-two">
        <div class="stack loose">
          {one.runs > 0 && <BestRuns one={one} metric={metric} waiting={waiting} />}
          {one.runs > 0 && <Newest one={one} />}
          {!one.runs && !fixed && (
            <section class="stack tight" aria-label="Its first run">
              <h2>No run yet</h2>
              <p class="muted">Runs that are logged under its name appear here.</p>
            </section>
          )}
          {one.activity && <Activity days={one.activity} />}
        </div>
        <div class="stack loose">
          <NoteEditor text={one.note} hint="What it asks, and what came out. Markdown." most={NOTE_LENGTH} fixed={fixed} put={put} />
          <TagEditor tags={one.tags} fixed={fixed} put={put} />
          {!fixed && <LogTo name={one.name} />}
        </div>
      </div>
    </div>
  );
}

function Head({ one, again }: { one: Experiment; again: () => void }) {
  const [editing, setEditing] = useState(false);
  const { problem, attempt } = useTrying();
  const act = (work: () => Promise<unknown>) => () => void attempt(work);
  const trashed = one.lifecycle === "deleted";
  return (
    <div class="run-head">
      <PageHead title={one.name} crumbs={[{ label: "Experiments", to: ["experiments"] }]}>
        {editing && (
          <RenameForm
            name={one.name}
            most={NAME_LENGTH}
            done={(to) => {
              setEditing(false);
              if (to) void attempt(() => rename(one, to, again));
            }}
          />
        )}
        <div class="row small run-line">
          {trashed ? <span class="muted">{plural(one.gone, "run")} in the trash with it</span> : <a href={runsOf(one)}>{plural(one.runs, "run")}</a>}
          {!trashed && <Statuses one={one} link={(status) => runsOf(one, { status })} />}
          {one.last && (
            <span class="muted">
              last activity <When value={one.last} />
            </span>
          )}
          <span class="muted">
            made <When value={one.created} />
          </span>
          {one.models > 0 && <span class="muted">{plural(one.models, "logged model")}</span>}
          {one.archived && <span class="chip">Archived</span>}
        </div>
        <p class="faint small">One experiment: its runs, the best of them, and what you noted.</p>
        {!trashed && (
          <div class="row run-actions" role="group" aria-label="Actions">
            <a class="button little" href={runsOf(one)}>
              <Icon name="table" size={14} /> Open its runs
            </a>
            {one.runs > 1 && (
              <a class="button little" href={`${href("compare")}?${new URLSearchParams({ experiment: one.name })}`}>
                Compare them
              </a>
            )}
            <button type="button" class="button little" onClick={() => setEditing(!editing)} aria-expanded={editing}>
              <Icon name="pencil" size={14} /> Rename
            </button>
            <button type="button" class="button little" onClick={act(() => archive(one, !one.archived, again))}>
              <Icon name="archive" size={14} /> {one.archived ? "Unarchive" : "Archive"}
            </button>
            <button type="button" class="button little" onClick={act(() => bin(one, true, again))}>
              <Icon name="trash" size={14} /> Trash
            </button>
          </div>
        )}
      </PageHead>
      {problem && <ProblemBox problem={problem} />}
      {trashed && (
        <p class="notice warn" role="status">
          <Icon name="trash" /> This experiment is in the trash with its runs. It keeps everything there.
          <button type="button" class="button little" onClick={act(() => bin(one, false, again))}>
            <Icon name="undo" size={14} /> Restore
          </button>
        </p>
      )}
    </div>
  );
}

interface Page {
  items: RunRow[];
  total: number;
}

function useRuns(one: Experiment, order: string): RunRow[] | undefined {
  const query = new URLSearchParams({ experiment: one.name, order, limit: String(FEW), brief: "true" });
  return useResource<Page>(`runs?${query}`, (signal) => get(`runs?${query}`, signal), 5000).value?.items;
}

function BestRuns({ one, metric, waiting }: { one: Experiment; metric: string; waiting: boolean }) {
  const path = `runs/columns?${new URLSearchParams({ experiment: one.name, newest: "300" })}`;
  const names = useResource<Names>(path, (signal) => get(path, signal)).value;
  const chosen = metric || one.best?.metric || "";
  const metrics = useMemo(() => [...new Set([...(chosen ? [chosen] : []), ...(names?.metrics ?? []).map((each) => each.name)])], [names, chosen]);
  const known = one.best?.metric === chosen;
  const order = `${one.best?.down ? "" : "-"}metrics.${chosen}`;
  return (
    <section class="stack tight" aria-label="Best runs">
      <div class="row apart">
        <h2>Best runs</h2>
        {metrics.length > 0 && (
          <label class="row whole small">
            <span class="muted">by</span>
            <select class="input little" value={chosen} onChange={(event) => setQuery({ metric: event.currentTarget.value }, false)}>
              {metrics.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {waiting ? (
        <Loading what="the best runs" />
      ) : chosen && known ? (
        <>
          <RunLines one={one} order={order} metric={chosen} label={`Best by ${chosen}`} />
          <p class="faint small">
            By the last value of each run; of {chosen} {one.best?.down ? "less" : "more"} is better, to go by its name.{" "}
            <a href={runsOf(one, { order })}>All in this order</a>
          </p>
        </>
      ) : (
        <p class="muted">{metric ? `No run of it has a number for ${metric}.` : "No run of it has a metric yet."}</p>
      )}
    </section>
  );
}

function Newest({ one }: { one: Experiment }) {
  return (
    <section class="stack tight" aria-label="Newest runs">
      <h2>Newest runs</h2>
      <RunLines one={one} order="-started" metric={one.best?.metric ?? ""} label="Newest runs" />
    </section>
  );
}

function RunLines({ one, order, metric, label }: { one: Experiment; order: string; metric: string; label: string }) {
  const runs = useRuns(one, order);
  if (!runs) return <Loading what="the runs" />;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <caption class="hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            {metric && (
              <th scope="col" class="right">
                <bdi>{metric}</bdi>
              </th>
            )}
            <th scope="col" class="spare">
              Started
            </th>
            <th scope="col" class="right spare">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr class="link" key={run.run_id}>
              <th scope="row" class="named">
                <a href={href("runs", run.run_id)}>
                  <bdi>{run.name || run.run_id.slice(0, 8)}</bdi>
                </a>
              </th>
              <td>
                <Status status={run.status} />
              </td>
              {metric && <td class="right">{aligned(run.metrics?.[metric])}</td>}
              <td class="when spare">
                <When value={run.started} />
              </td>
              <td class="right when spare">{took(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LogTo({ name }: { name: string }) {
  const quoted = JSON.stringify(name);
  return (
    <section class="stack tight" aria-label="Log to it">
      <h2>Log to it</h2>
      <Code text={`with castalia.run(${quoted}) as run:\n    run.log(0, loss=1.0)`} what="the lines of Python" />
    </section>
  );
}
