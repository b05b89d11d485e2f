// Which params go with a metric: the forest of GET /runs/importance over the shown runs.
import { get } from "../../api";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { number, percent, plural } from "../../format";
import { useResource } from "../../resource";
import { href, usePlace } from "../../router";
import { fields, foremost } from "./columns";
import type { Comparison } from "./comparison";
import { ComparedFigure } from "./figure";
import { picked, Picking } from "./picking";

interface Told {
  metric: string;
  runs: number;
  explained: number;
  params: { name: string; importance: number; error: number; correlation: number | null; kind: string; values: number }[];
}

export function Importance({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const metrics = fields(all).filter((one) => one.label === "Metrics, last value");
  const field = picked(metrics, query.get("metric"), `metrics.${foremost(all)}`);
  const metric = field.slice("metrics.".length);
  const asked = new URLSearchParams([...all.shown.map((one) => ["run", one.id]), ["metric", metric]]);
  const path = metric ? `runs/importance?${asked}` : "";
  const { value, problem, again } = useResource<Told>(path, (signal) => get(path, signal));
  if (!metric) return <p class="muted">These runs have no metric.</p>;
  return (
    <section class="stack" aria-label="Importance" aria-busy={!value && !problem}>
      <Picking id="metric" label="Explain the metric" value={field} groups={metrics} />
      {problem && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the importance of params" />}
      {value && !problem && <Bars told={value} field={field} />}
    </section>
  );
}

function Bars({ told, field }: { told: Told; field: string }) {
  if (!told.params.length) return <p class="muted">No param differs among {plural(told.runs, "run")} that have {told.metric}, or {told.metric} is the same in all.</p>;
  const weak = told.explained < 0.1;
  const lines = told.params.slice(0, 20);
  const to = (name: string): string => {
    const next = new URLSearchParams(location.search);
    for (const [key, value] of [["tab", "scatter"], ["sx", `params.${name}`], ["sy", field]] as const) next.set(key, value);
    return `${href("compare")}?${next}`;
  };
  return (
    <>
      <p class={weak ? "notice warn" : "muted small"}>
        {weak ? `Params explain next to nothing of ${told.metric} in these runs (R² ${number(told.explained)} on runs that were left out), so the bars mean little. More runs may tell.` : `A forest over ${plural(told.runs, "run")} explains ${percent(Math.max(0, told.explained))} of how ${told.metric} is ordered in runs it did not see. A bar is a param's share of that; the thin line is its standard error. It says what goes together, not what causes what.`}
      </p>
      <ComparedFigure
        title={`What goes with ${told.metric}`}
        height={28 * lines.length + 34}
        summary={lines.slice(0, 3).map((one) => `${one.name} ${percent(one.importance)}`).join(", ")}
        columns={["param", "importance", "standard error", "Spearman's correlation", "kind", "values"]}
        rows={() => told.params.map((one) => [one.name, one.importance, one.error, one.correlation, one.kind, one.values])}
        names={[]}
        on={[told]}
        draw={(width, height) => {
          const left = Math.min(170, width * 0.36);
          const right = width - 92;
          const most = Math.max(...lines.map((one) => one.importance + one.error), 0.01);
          const x = (share: number): number => left + (Math.max(0, share) / most) * (right - left);
          const letters = Math.floor((left - 12) / 6.2);
          return {
            marks: [lines.map((one, i) => ({ x: x(one.importance), y: 22 + i * 28, words: () => `${one.name}: ${percent(one.importance)} ± ${percent(one.error)}${one.correlation === null ? ", choices" : `, correlation ${number(one.correlation)}`}` }))],
            body: (
              <>
                {lines.map((one, i) => {
                  const y = 22 + i * 28;
                  return (
                    <g key={one.name}>
                      <text x={left - 10} y={y + 4} text-anchor="end" fill="var(--ink)" font-size="12">
                        {one.name.length > letters ? `${one.name.slice(0, letters - 1)}…` : one.name}
                      </text>
                      <rect x={left} y={y - 7} width={Math.max(1, x(one.importance) - left)} height="14" rx="2" fill={weak ? "var(--line-strong)" : "var(--accent)"} fill-opacity={weak ? 0.6 : 0.85} />
                      <line x1={x(one.importance - one.error)} x2={x(one.importance + one.error)} y1={y} y2={y} stroke="var(--ink)" stroke-width="1.4" />
                      <text x={width - 4} y={y + 4} text-anchor="end" fill="var(--ink-2)" font-size="12">
                        {one.correlation === null ? "choices" : `ρ ${number(one.correlation)}`}
                      </text>
                    </g>
                  );
                })}
                <line x1={left} x2={left} y1={8} y2={height - 20} stroke="var(--line-strong)" />
                <text x={width - 4} y={height - 6} text-anchor="end">
                  ρ: Spearman's correlation with the metric
                </text>
              </>
            ),
          };
        }}
      />
      <p class="small muted">
        Look at one:{" "}
        {lines.slice(0, 4).map((one, i) => (
          <>
            {i > 0 && ", "}
            <a href={to(one.name)}>
              <bdi>{one.name}</bdi>
            </a>
          </>
        ))}
      </p>
    </>
  );
}
