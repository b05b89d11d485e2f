import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../api";
import { Code } from "../components/code";
import { Icon } from "../components/icons";
import { Overnight } from "../components/overnight";
import { Link } from "../components/link";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Status, When } from "../components/state";
import { duration, moment, number, plural } from "../format";
import { useResource } from "../resource";
import { setQuery, usePlace } from "../router";
import type { RunRow } from "../types";

const SIZE = 50;
const MOST_COLUMNS = 4;

/** All runs: text, status, order and page live in the address, so that a view can be kept and sent. */
export function RunsPage() {
  const { query } = usePlace();
  const text = query.get("q") ?? "";
  const status = query.get("status") ?? "";
  const order = query.get("order") ?? "-started";
  const page = Math.max(1, Number(query.get("page")) || 1);
  const asked = new URLSearchParams({ order, limit: String(SIZE), offset: String((page - 1) * SIZE) });
  if (text) asked.set("q", text);
  if (status) asked.set("status", status);
  const { value, problem, again } = useResource<{ items: RunRow[]; total: number }>(`runs?${asked}`, (signal) => get(`runs?${asked}`, signal), 4000);
  const [kept, setKept] = useState(value);
  useEffect(() => {
    if (value) setKept(value);
  }, [value]);
  const shown = value ?? kept;
  const filtered = text !== "" || status !== "";
  return (
    <>
      <PageHead title="Runs" note="Everything that was trained or logged on this machine." />
      <Overnight order={order} />
      <form class="filters" role="search" aria-label="Runs" onSubmit={(event) => event.preventDefault()}>
        <div class="field first">
          <label class="label" for="runs-text">
            Filter
          </label>
          <FilterText value={text} />
        </div>
        <div class="field">
          <label class="label" for="runs-status">
            Status
          </label>
          <select id="runs-status" class="input" value={status} onChange={(event) => setQuery({ status: event.currentTarget.value, page: "" })}>
            <option value="">Any</option>
            {["running", "queued", "done", "failed", "cancelled"].map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </div>
      </form>
      {problem && <ProblemBox problem={problem} again={again} />}
      {!shown && !problem && <Loading what="the runs" />}
      {shown && shown.items.length === 0 && (filtered ? <NothingFound /> : <NoRuns />)}
      {shown && shown.items.length > 0 && <RunTable runs={shown.items} order={order} />}
      {shown && shown.total > 0 && (
        <nav class="pager" aria-label="Pages">
          <span role="status">{plural(shown.total, "run")}</span>
          {shown.total > SIZE && (
            <span class="row">
              <button type="button" class="button little" disabled={page <= 1} onClick={() => setQuery({ page: page > 2 ? String(page - 1) : "" }, false)}>
                Previous
              </button>
              <span class="num">
                {page} of {Math.ceil(shown.total / SIZE)}
              </span>
              <button type="button" class="button little" disabled={page * SIZE >= shown.total} onClick={() => setQuery({ page: String(page + 1) }, false)}>
                Next
              </button>
            </span>
          )}
        </nav>
      )}
    </>
  );
}

/** The box answers at once; the address and the server follow when the typing pauses. */
function FilterText({ value }: { value: string }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => setQuery({ q: typed, page: "" }), 120);
    return () => clearTimeout(timer);
  }, [typed]);
  return <input id="runs-text" type="search" class="input" value={typed} placeholder="Name, experiment, system or id" autocomplete="off" spellcheck={false} onInput={(event) => setTyped(event.currentTarget.value)} />;
}

function NoRuns() {
  return (
    <Empty title="No runs yet">
      <p>A run is one training: its parameters, its curves, its files. This makes the first:</p>
      <Code text="castalia fit neural_net --quick" what="the line that makes a run" />
      <Link class="button" to={["systems"]}>
        Or train a system here
      </Link>
    </Empty>
  );
}

function NothingFound() {
  return (
    <Empty title="No run fits this filter">
      <button type="button" class="button" onClick={() => setQuery({ q: "", status: "", page: "" })}>
        Show all runs
      </button>
    </Empty>
  );
}

const worth = [/^test[_./]/, /^(validation|valid|val|held_out|eval)[_./]/, /^(loss|accuracy)$/, /^(?!.*(fold|trial|seed))/];

/** What was measured on held-out data comes first, pieces such as folds last. */
function rank(metric: string): number {
  const found = worth.findIndex((one) => one.test(metric));
  return found < 0 ? worth.length : found;
}

/** Rows of runs with the metrics they share; the heads sort, on the server. */
export function RunTable({ runs, order }: { runs: RunRow[]; order?: string }) {
  const metrics = useMemo(() => {
    const counts = new Map<string, number>();
    for (const run of runs) for (const name of Object.keys(run.metrics ?? {})) counts.set(name, (counts.get(name) ?? 0) + 1);
    const ranked = [...counts].sort((a, b) => rank(a[0]) - rank(b[0]) || b[1] - a[1] || a[0].localeCompare(b[0]));
    return ranked.slice(0, MOST_COLUMNS).map(([name]) => name);
  }, [runs]);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Runs">
      <table>
        <caption class="hidden">Runs, one a row</caption>
        <thead>
          <tr>
            <Head label="Run" by="name" order={order} />
            <Head label="Status" by="status" order={order} />
            <Head label="Experiment" by="experiment" order={order} />
            {metrics.map((name) => (
              <Head key={name} label={name} by={`metrics.${name}`} order={order} right />
            ))}
            <Head label="Started" by="started" order={order} />
            <th scope="col" class="right">
              Took
            </th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr class="link" key={run.run_id}>
              <th scope="row">
                <Link to={["runs", run.run_id]}>{run.name || run.run_id.slice(0, 8)}</Link>
              </th>
              <td>
                <Status status={run.status} />
              </td>
              <td>{run.experiment || run.system || "–"}</td>
              {metrics.map((name) => (
                <td class="right" key={name}>
                  {number(run.metrics?.[name])}
                </td>
              ))}
              <td>
                <When value={run.started} />
              </td>
              <td class="right">{took(run)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function took(run: RunRow): string {
  const from = moment(run.started);
  const to = moment(run.ended);
  return from && to ? duration((to.getTime() - from.getTime()) / 1000) : "–";
}

function Head({ label, by, order, right = false }: { label: string; by: string; order: string | undefined; right?: boolean }) {
  if (order === undefined)
    return (
      <th scope="col" class={right ? "right" : ""}>
        {label}
      </th>
    );
  const sorted = order === by ? "ascending" : order === `-${by}` ? "descending" : undefined;
  return (
    <th scope="col" class={right ? "right" : ""} aria-sort={sorted ?? "none"}>
      <button type="button" onClick={() => setQuery({ order: sorted === "descending" ? by : `-${by}`, page: "" })}>
        {label}
        {sorted && <Icon name={sorted === "ascending" ? "up" : "down"} size={12} />}
      </button>
    </th>
  );
}
