// What a run came to and what it was given: metrics, parameters, note, tags, alerts, the runs inside it.
import { useEffect, useState } from "preact/hooks";
import { get, part } from "../../api";
import { Code } from "../../components/code";
import { JobPanel } from "../../components/job-panel";
import { Link } from "../../components/link";
import { Status, When } from "../../components/state";
import { useJob } from "../../following";
import { number } from "../../format";
import { running } from "../../jobs";
import { useResource } from "../../resource";
import type { Alert, Job, RunDetail, RunRow, Summary } from "../../types";
import { comparing } from "./compare-with";
import { type Live, useSummary } from "./live";
import { Note } from "./note";
import { repeatOf } from "./repeat";
import { Tags } from "./tags";

interface Props {
  run: RunDetail;
  live: Live;
  job: Job | undefined;
  again: () => void;
}

export function Overview({ run, live, job, again }: Props) {
  return (
    <div class="stack loose">
      {job && run.status !== "done" && <Followed job={job} again={again} />}
      <Metrics run={run} live={live} />
      <div class="two run-two">
        <div class="stack loose">
          <Params run={run} />
          <Children run={run} />
        </div>
        <div class="stack loose">
          <Alerts run={run} />
          <Note run={run} again={again} />
          <Repeat run={run} />
          <Facts run={run} />
          <Tags run={run} again={again} />
        </div>
      </div>
    </div>
  );
}

function Followed({ job, again }: { job: Job; again: () => void }) {
  const following = useJob(job.id, job);
  const alive = !following.job || running(following.job);
  useEffect(() => again(), [following.job?.attempt, following.job?.state]);
  return alive || following.job?.state === "failed" ? <JobPanel following={following} id={job.id} /> : null;
}

const held = /^(test|held_out|val|valid|validation|eval)[_./]/;

/** What was measured on held-out rows comes first, then what there is. */
function headline(names: string[]): string[] {
  const first = names.filter((one) => held.test(one));
  const rest = names.filter((one) => !held.test(one) && !/(fold|seed|trial)/.test(one));
  return [...first, ...rest].slice(0, 6);
}

function Metrics({ run, live }: { run: RunDetail; live: Live }) {
  const heard = useSummary(live, (summary) => summary);
  const all = Object.keys(heard).length ? heard : (run.summary ?? {});
  const names = Object.keys(all).filter((one) => !one.startsWith("system/")).sort();
  const [text, setText] = useState("");
  if (!names.length) return <p class="muted">{run.status === "running" ? "Nothing was measured yet. Metrics show here as they land." : "It logged no metrics."}</p>;
  const found = names.filter((one) => one.toLowerCase().includes(text.toLowerCase()));
  return (
    <section class="stack" aria-label="Metrics">
      <dl class="headlines">
        {headline(names).map((name) => (
          <Headline key={name} name={name} one={all[name]!} id={run.run_id} />
        ))}
      </dl>
      <details open={names.length > 6 && names.length <= 12}>
        <summary>
          All metrics: last, lowest, highest <span class="num faint">{names.length}</span>
        </summary>
        <div class="stack tight">
          {names.length > 12 && <input class="input narrow-search" type="search" aria-label="Search metrics" placeholder="Search metrics" value={text} onInput={(event) => setText(event.currentTarget.value)} />}
          <div class="scroll tall" tabIndex={0} role="region" aria-label="All metrics">
            <table class="dense">
              <thead>
                <tr>
                  {["Metric", "Last", "at step", "Lowest", "at step", "Highest", "at step"].map((one, i) => (
                    <th key={i} scope="col" class={i ? "right" : ""}>
                      {one}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {found.slice(0, 500).map((name) => {
                  const one = all[name]!;
                  return (
                    <tr key={name}>
                      <th scope="row">{name}</th>
                      {[one.last, one.last_step, one.min, one.min_step, one.max, one.max_step].map((value, i) => (
                        <td key={i} class={`right${i % 2 ? " faint" : ""}`}>
                          {number(value)}
                        </td>
                      ))}
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </div>
      </details>
    </section>
  );
}

function Headline({ name, one, id }: { name: string; one: Summary; id: string }) {
  const still = one.min === one.max;
  return (
    <div>
      <dt>
        <Link to={["runs", id]} query={`tab=curves&q=${encodeURIComponent(name)}`}>
          {name}
        </Link>
      </dt>
      <dd class="value">{number(one.last)}</dd>
      <dd class="ends">
        {still ? (
          <>at step {number(one.last_step)}</>
        ) : (
          <>
            <span>
              min {number(one.min)} <span class="faint">at {number(one.min_step)}</span>
            </span>{" "}
            <span>
              max {number(one.max)} <span class="faint">at {number(one.max_step)}</span>
            </span>
          </>
        )}
      </dd>
    </div>
  );
}

function Params({ run }: { run: RunDetail }) {
  const [text, setText] = useState("");
  const all = Object.entries(run.params ?? {}).sort((a, b) => a[0].localeCompare(b[0], "en", { numeric: true }));
  const found = all.filter(([name, value]) => `${name} ${String(value)}`.toLowerCase().includes(text.toLowerCase()));
  return (
    <section class="stack tight" aria-label="Parameters">
      <div class="row apart">
        <h2>
          Parameters <span class="faint num small">{all.length || ""}</span>
        </h2>
        {all.length > 10 && <input class="input narrow-search" type="search" aria-label="Search parameters" placeholder="Search name or value" value={text} onInput={(event) => setText(event.currentTarget.value)} />}
      </div>
      {!all.length && <p class="muted">None were set.</p>}
      {all.length > 0 && (
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Parameters, table">
          <table class="dense">
            <caption class="hidden">Parameters</caption>
            <tbody>
              {found.slice(0, 1000).map(([name, value]) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td class="num">{String(value)}</td>
                </tr>
              ))}
              {!found.length && (
                <tr>
                  <td class="muted">None has “{text}” in its name or value.</td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const SHOWN_CHILDREN = 200;

/** The runs inside this one, with the metrics that most of them have. */
function Children({ run }: { run: RunDetail }) {
  const id = run.run_id;
  const many = run.children ?? 0;
  const value = useResource<{ items: RunRow[]; total: number }>(many ? `runs?parent=${id}` : "", (signal) => get(`runs?parent=${part(id)}&order=started&limit=${SHOWN_CHILDREN}`, signal), run.status === "running" ? 10_000 : 0).value;
  if (!many || !value?.items.length) return null;
  const counts = new Map<string, number>();
  for (const one of value.items) for (const name of Object.keys(one.metrics ?? {})) if (!name.startsWith("system/")) counts.set(name, (counts.get(name) ?? 0) + 1);
  const metrics = [...counts].sort((a, b) => b[1] - a[1] || Number(held.test(b[0])) - Number(held.test(a[0])) || a[0].localeCompare(b[0])).slice(0, 4).map(([name]) => name);
  return (
    <section class="stack tight" aria-label="Runs inside this one">
      <div class="row apart">
        <h2>
          Runs inside this one <span class="faint num small">{value.total}</span>
        </h2>
        {value.items.length > 1 && <a href={comparing(value.items.map((one) => one.run_id))}>Compare them</a>}
      </div>
      <div class="scroll tall" tabIndex={0} role="region" aria-label="Runs inside this one, table">
        <table class="dense">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Status</th>
              {metrics.map((name) => (
                <th key={name} scope="col" class="right">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {value.items.map((one) => (
              <tr key={one.run_id} class="link">
                <th scope="row">
                  <Link to={["runs", one.run_id]}>{one.name || one.run_id.slice(0, 8)}</Link>
                </th>
                <td>
                  <Status status={one.status} />
                </td>
                {metrics.map((name) => (
                  <td key={name} class="right">
                    {number(one.metrics?.[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {value.total > value.items.length && <p class="faint small">The first {SHOWN_CHILDREN} of {value.total}.</p>}
    </section>
  );
}

function Alerts({ run }: { run: RunDetail }) {
  const alerts = useResource<Alert[]>(run.alerts ? `runs/${run.run_id}/alerts?${run.alerts}` : "", (signal) => get(`runs/${part(run.run_id)}/alerts`, signal)).value;
  if (!run.alerts || !alerts?.length) return null;
  return (
    <section class="stack tight" aria-label="Alerts">
      <h2>Alerts</h2>
      <ul class="alerts">
        {alerts.map((one) => (
          <li key={one.id} class={one.level === "error" ? "bad" : one.level === "warning" ? "warn" : ""}>
            <b>{one.level}</b> <span class="said">{one.text}</span> <span class="faint"><When value={one.time} /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Repeat({ run }: { run: RunDetail }) {
  const found = repeatOf(run);
  if (!found) return null;
  return (
    <section class="stack tight" aria-label="Repeat it">
      <h2>Repeat it</h2>
      <Code text={found.text} what="the command that repeats this run" wrap />
      {found.note && <p class="faint small">{found.note}</p>}
    </section>
  );
}

function Facts({ run }: { run: RunDetail }) {
  const tag = (name: string): string => String(run.tags?.[name] ?? "");
  const rows: [string, string][] = [
    ["User", tag("mlflow.user") || run.owner || ""],
    ["Source", tag("mlflow.source.name")],
    ["Host", tag("castalia.host")],
    ["Seed", tag("castalia.seed")],
  ];
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
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ))}
      </dl>
    </section>
  );
}
