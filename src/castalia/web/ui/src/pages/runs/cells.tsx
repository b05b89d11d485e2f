import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../components/icons";
import { Status, When } from "../../components/state";
import { aligned, duration, moment, number } from "../../format";
import { href } from "../../router";
import type { RunRow } from "../../types";
import { ofMachine } from "./columns";
import { Spark } from "./spark";

const NOTE = "mlflow.note.content";

export const runName = (run: RunRow): string => run.name || run.run_id.slice(0, 8);

/** What a cell holds, as the export and a condition want it. */
export function valueOf(id: string, run: RunRow): unknown {
  const at = id.indexOf(".");
  if (at > 0) {
    const key = id.slice(at + 1);
    const kind = id.slice(0, at);
    return (kind === "params" ? run.params : kind === "tags" ? run.tags : run.metrics)?.[key];
  }
  if (id === "id") return run.run_id;
  if (id === "note") return run.tags?.[NOTE];
  if (id === "took") return seconds(run);
  if (id === "tags") return Object.entries(run.tags ?? {}).filter(([key]) => !ofMachine(key)).map(([key, value]) => `${key}=${value}`).join(" ") || undefined;
  return run[id as "status"] ?? undefined;
}

function seconds(run: RunRow): number | undefined {
  const from = moment(run.started);
  const to = moment(run.ended);
  return from && to ? (to.getTime() - from.getTime()) / 1000 : undefined;
}

export function Cell({ id, run, level, open }: { id: string; run: RunRow; level: number; open: boolean }) {
  switch (id) {
    case "name":
      return <Name run={run} level={level} open={open} />;
    case "status":
      return (
        <button type="button" class="plain" tabIndex={-1} data-act="filter">
          <Status status={run.status} />
        </button>
      );
    case "started":
      return <When value={run.started} />;
    case "took":
      return <Took run={run} />;
    case "children":
    case "alerts":
      return run[id] ? <>{number(run[id])}</> : <Nothing />;
    case "tags":
      return <Tags run={run} />;
  }
  if (id.startsWith("spark.")) return <Spark run={run.run_id} metric={id.slice(6)} live={run.status === "running"} />;
  const value = valueOf(id, run);
  if (value === undefined || value === null || value === "") return <Nothing />;
  if (id.startsWith("metrics.")) return <span title={String(value)}>{aligned(value)}</span>;
  return (
    <bdi class={id === "id" ? "mono" : undefined} title={String(value)}>
      {String(value)}
    </bdi>
  );
}

const Nothing = () => (
  <span class="faint" aria-label="nothing">
    –
  </span>
);

function Name({ run, level, open }: { run: RunRow; level: number; open: boolean }) {
  const name = runName(run);
  return (
    <>
      {level > 1 && <span class="indent" style={{ width: `${(level - 1) * 1.25}rem` }} />}
      {run.children ? (
        <button type="button" class={open ? "twist open" : "twist"} tabIndex={-1} data-act="open" aria-label={`${open ? "Close" : "Open"} ${name}: ${run.children} inside`}>
          <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
            <path d="M4.5 3 7.5 6 4.5 9" />
          </svg>
          <span class="num">{run.children}</span>
        </button>
      ) : null}
      <a href={href("runs", run.run_id)} tabIndex={-1} title={name}>
        <bdi>{name}</bdi>
      </a>
      {run.alerts ? (
        <span class="mark warn" title={`${run.alerts} alerts`}>
          <Icon name="alert" size={14} />
          <span class="hidden">{run.alerts} alerts</span>
        </span>
      ) : null}
      {run.tags?.["castalia.archived"] === "true" && <span class="chip">archived</span>}
    </>
  );
}

function Took({ run }: { run: RunRow }) {
  const [now, setNow] = useState(Date.now);
  const live = run.status === "running" && !run.ended;
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [live]);
  const took = live ? (now - (moment(run.started)?.getTime() ?? now)) / 1000 : seconds(run);
  return took === undefined ? <Nothing /> : <>{duration(live ? Math.max(0, Math.floor(took)) : took)}</>;
}

function Tags({ run }: { run: RunRow }) {
  const tags = Object.entries(run.tags ?? {}).filter(([key]) => !ofMachine(key));
  if (!tags.length) return <Nothing />;
  return (
    <>
      {tags.slice(0, 6).map(([key, value]) => {
        const text = value === "true" || value === "" ? key : `${key}: ${value}`;
        return (
          <button key={key} type="button" class="chip" tabIndex={-1} data-act="tag" data-tag={key} title={text}>
            <bdi>{text}</bdi>
          </button>
        );
      })}
    </>
  );
}
