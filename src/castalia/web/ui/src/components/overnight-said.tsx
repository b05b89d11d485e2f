import { get } from "../api";
import { number, plural } from "../format";
import { useResource } from "../resource";
import type { RunRow } from "../types";
import { Icon } from "./icons";
import { Link } from "./link";

interface Some {
  count: number;
  runs: { run_id: string; name: string }[];
}

interface Since {
  done: Some;
  failed: Some;
  cancelled: Some;
  running: Some;
  alerts: { count: number; runs: { run_id: string; name: string; text: string }[] };
}

/** What happened since `last`, in milliseconds; the best run by the column the runs are ordered by, "-metrics.accuracy" say. */
export function OvernightSaid({ last, order, away }: { last: number; order: string; away: () => void }) {
  const { value } = useResource<Since>(`runs/since?time=${last}`, (signal) => get(`runs/since?time=${last}`, signal), 15000);
  const metric = /^-?metrics\.(.+)$/.exec(order)?.[1] ?? "";
  const query = new URLSearchParams({ order, limit: "1", filter: `ended > ${last} AND status = 'done'`, columns: `metrics.${metric}` });
  const best = useResource<{ items: RunRow[] }>(metric ? `runs?${query}` : "", (signal) => get(`runs?${query}`, signal)).value?.items[0];
  if (!value) return null;
  const { done, failed, alerts, running, cancelled } = value;
  if (!done.count && !failed.count && !alerts.count && !cancelled.count) return null;
  const one = (some: Some | Since["alerts"], label: string, query: string) => {
    const only = some.count === 1 ? some.runs[0] : undefined;
    return only ? <Link to={["runs", only.run_id]}>{label}</Link> : <Link to={["runs"]} query={query}>{label}</Link>;
  };
  const after = (text: string) => new URLSearchParams({ filter: text }).toString();
  return (
    <section class="overnight" aria-label="Since you were last here">
      <p>
        <strong>Since you were last here</strong> <span class="muted">({new Date(last).toLocaleString([], { weekday: "long", hour: "2-digit", minute: "2-digit" })})</span>:{" "}
        {[
          done.count > 0 && one(done, `${done.count} finished`, after(`ended > ${last} AND status = 'done'`)),
          failed.count > 0 && <b class="state bad"><Icon name="alert" size={14} /> {one(failed, `${failed.count} failed`, after(`ended > ${last} AND status = 'failed'`))}</b>,
          cancelled.count > 0 && one(cancelled, `${cancelled.count} cancelled`, after(`ended > ${last} AND status = 'cancelled'`)),
          alerts.count > 0 && <Link to={alerts.count === 1 && alerts.runs[0] ? ["runs", alerts.runs[0].run_id] : ["notices"]}>{plural(alerts.count, "alert")}</Link>,
          running.count > 0 && one(running, `${running.count} ${running.count === 1 ? "runs" : "run"} now`, "status=running"),
        ]
          .filter(Boolean)
          .map((each, i) => (
            <>
              {i > 0 && ", "}
              {each}
            </>
          ))}
        .
        {best && (
          <>
            {" "}
            Best {metric}: <Link to={["runs", best.run_id]}>{best.name}</Link> with <span class="num">{number(best.metrics?.[metric])}</span>.
          </>
        )}
      </p>
      <button
        type="button"
        class="icon-button"
        aria-label="Put this away"
        title="Put this away"
        onClick={away}
      >
        <Icon name="cross" />
      </button>
    </section>
  );
}
