import { useMemo } from "preact/hooks";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Status, When } from "../components/state";
import { duration, moment, number } from "../format";
import { setQuery } from "../router";
import type { RunRow } from "../types";
import { rank } from "./runs/columns";

const MOST_COLUMNS = 4;

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
