import { useCharts } from "../curves";
import { number } from "../format";
import type { Curve } from "../types";
import { Chart } from "./chart";

/** All curves of a run, those that belong together in one chart. */
export function Charts({ curves }: { curves: Record<string, Curve> }) {
  const charts = useCharts(curves);
  return (
    <div class="charts">
      {charts.map((one) => (
        <div class="card" key={one.title}>
          <Chart title={one.title} lines={one.lines} />
        </div>
      ))}
    </div>
  );
}

export function Metrics({ metrics }: { metrics: Record<string, unknown> }) {
  const names = Object.keys(metrics);
  if (!names.length) return null;
  return (
    <dl class="metrics">
      {names.map((name) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{number(metrics[name])}</dd>
        </div>
      ))}
    </dl>
  );
}
