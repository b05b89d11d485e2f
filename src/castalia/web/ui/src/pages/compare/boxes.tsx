// Box plots: how a metric spreads for each value of a param, or for each group of runs.
import { number, plural } from "../../format";
import { go, href, usePlace } from "../../router";
import { quantile } from "../run/shaping";
import { axis, roomy, span } from "./axis";
import { column, fields, foremost, telling } from "./columns";
import { type Comparison, fill } from "./comparison";
import { ComparedFigure, Axes, type Mark } from "./figure";
import { picked, Picking } from "./picking";

export interface Box {
  name: string;
  values: number[];
  runs: string[];
  low: number;
  first: number;
  middle: number;
  third: number;
  high: number;
}

const MOST = 24;

/** Tukey's: quartiles, and whiskers to the last value within 1.5 of their distance. */
export function boxOf(name: string, pairs: { value: number; run: string }[]): Box {
  const sorted = [...pairs].sort((a, b) => a.value - b.value);
  const values = sorted.map((one) => one.value);
  const [first, middle, third] = [0.25, 0.5, 0.75].map((share) => quantile(values, share)) as [number, number, number];
  const reach = 1.5 * (third - first);
  const within = values.filter((one) => one >= first - reach && one <= third + reach);
  return { name, values, runs: sorted.map((one) => one.run), low: within[0] ?? first, first, middle, third, high: within[within.length - 1] ?? third };
}

export function Boxes({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const groups = fields(all);
  const metrics = groups.filter((one) => one.label.startsWith("Metrics"));
  const params = groups.filter((one) => one.label === "Params");
  const field = picked(metrics, query.get("metric"), `metrics.${foremost(all)}`);
  const grouped = all.by !== "";
  const by = picked(params, query.get("boxes"), ...telling(all).filter((key) => new Set(all.shown.map((one) => String(one.run.params?.[key]))).size <= MOST).map((key) => `params.${key}`));
  if (!field) return <p class="muted">These runs have no metric.</p>;
  if (!by && !grouped) return <p class="muted">These runs have no param to put them apart by.</p>;
  const metric = column(all.shown, field);
  const parts = new Map<string, { value: number; run: string; at: number }[]>();
  const key = by.slice("params.".length);
  const useGroups = grouped && (query.get("boxes") ?? "") === "";
  all.shown.forEach((one, i) => {
    const value = metric.values[i];
    if (value === null || value === undefined) return;
    const told = useGroups ? (all.groups[one.group]?.name ?? "") : one.run.params?.[key];
    const name = told === undefined || told === null ? "not set" : String(told);
    parts.set(name, [...(parts.get(name) ?? []), { value, run: one.id, at: i }]);
  });
  const order = useGroups ? [...parts.keys()] : [...parts.keys()].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  if (!useGroups && order.every((one) => !Number.isNaN(Number(one)))) order.sort((a, b) => Number(a) - Number(b));
  const boxes = order.slice(0, MOST).map((name) => boxOf(name, parts.get(name)!));
  const label = useGroups ? "group" : key;
  const names = new Map(all.shown.map((one) => [one.id, one.name]));
  return (
    <section class="stack" aria-label="Box plots">
      <div class="row">
        <Picking id="metric" label="Metric" value={field} groups={metrics} />
        <Picking id="boxes" label="For each value of" value={useGroups ? "" : by} groups={params} {...(grouped ? { none: "The groups of the legend" } : {})} />
      </div>
      {order.length > MOST && <p class="faint small">The first {MOST} of {plural(order.length, "value")}.</p>}
      <ComparedFigure
        title={`${metric.label} by ${label}`}
        height={420}
        summary={boxes.map((one) => `${one.name}: median ${number(one.middle)}`).slice(0, 6).join(", ")}
        notes={["Box: quartiles and median. Whiskers: the last value within 1.5 times the box. Every run is a dot."]}
        columns={[label, "runs", "lowest", "first quartile", "median", "third quartile", "highest"]}
        rows={() => boxes.map((one) => [one.name, one.values.length, one.values[0], one.first, one.middle, one.third, one.values[one.values.length - 1]])}
        names={[]}
        onPick={(mark) => mark.run && go(href("runs", mark.run))}
        on={[all, field, by, useGroups]}
        draw={(width, height) => {
          const frame = { left: 64, right: width - 12, top: 26, bottom: height - 40 };
          const y = axis("linear", roomy(span(boxes.flatMap((one) => one.values))), frame.bottom, frame.top, 6);
          const slot = (frame.right - frame.left) / boxes.length;
          const x = { place: (i: number): number => frame.left + (i + 0.5) * slot, value: (at: number): number => at, ticks: boxes.map((one, at) => ({ at, label: one.name })) };
          const half = Math.min(34, slot * 0.3);
          const marks: Mark[][] = [];
          const body = boxes.map((one, i) => {
            const at = x.place(i);
            const dots = one.values.map((value, n) => ({ x: at + (((n * 7919) % 11) - 5) * (half / 9), y: y.place(value), run: one.runs[n]!, words: () => `${one.name}: ${names.get(one.runs[n]!)} ${number(value)}` }));
            marks.push([{ x: at, y: y.place(one.middle), words: () => `${one.name}: median ${number(one.middle)}, quartiles ${number(one.first)} to ${number(one.third)}, ${plural(one.values.length, "run")}` }, ...dots]);
            const ink = fill(i);
            return (
              <g key={one.name}>
                {one.values.length > 1 && (
                  <g stroke={ink} fill="none" stroke-width="1.5">
                    <rect x={at - half} width={2 * half} y={y.place(one.third)} height={Math.max(1, y.place(one.first) - y.place(one.third))} fill={ink} fill-opacity="0.12" rx="2" />
                    <path d={`M${at - half} ${y.place(one.middle)}h${2 * half}`} stroke-width="3" />
                    <path d={`M${at} ${y.place(one.third)}V${y.place(one.high)}m${-half / 2} 0h${half}M${at} ${y.place(one.first)}V${y.place(one.low)}m${-half / 2} 0h${half}`} />
                  </g>
                )}
                {dots.map((dot) => (
                  <circle key={dot.run} data-run={dot.run} cx={dot.x} cy={dot.y} r="3" fill={ink} fill-opacity="0.75" />
                ))}
              </g>
            );
          });
          return { marks, body: (<><Axes x={x} y={y} box={frame} xName={label} yName={metric.label} />{body}</>) };
        }}
      />
    </section>
  );
}
