import { useEffect, useRef, useState } from "preact/hooks";
import { url } from "../api";
import { number } from "../format";
import { token, useTheme } from "../theme";
import type { Figure } from "../types";
import { SignedBars } from "./bars";
import { Chart, type Line } from "./chart";
import { Scatter, type Ground } from "./scatter";
import { DataTable } from "./table";

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const numbers = (value: unknown): number[] => list(value).map(Number);
const text = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

interface Named {
  name?: unknown;
  x?: unknown;
  y?: unknown;
  values?: unknown;
}

function linesOf(data: Record<string, unknown>): Line[] {
  return (list(data.series) as Named[]).map((one, i) => {
    const y = list(one.y ?? one.values).map((value) => (typeof value === "number" ? value : null));
    return { name: text(one.name) || `series ${i + 1}`, x: one.x ? numbers(one.x) : y.map((_, at) => at), y };
  });
}

function groundOf(given: unknown): Ground | undefined {
  const one = (given ?? {}) as Record<string, unknown>;
  const series = list(one.series).map(numbers);
  if (!series[0]?.length) return undefined;
  return { x: numbers(one.x) as [number, number], y: numbers(one.y) as [number, number], series, weight: list(one.weight).map(numbers) };
}

/** Any figure of a view or an answer, drawn by its kind. */
export function FigureView({ figure }: { figure: Figure }) {
  const data = figure.data ?? {};
  return (
    <div class="stack tight">
      <Drawn figure={figure} data={data} />
      {figure.caption && <p class="caption">{figure.caption}</p>}
    </div>
  );
}

function Drawn({ figure, data }: { figure: Figure; data: Record<string, unknown> }) {
  switch (figure.kind) {
    case "lines":
      return <Chart title={figure.title} x={text(data.x) || "x"} y={text(data.y)} log={data.log === true} lines={linesOf(data)} height={260} />;
    case "scatter":
      return <Scatter title={figure.title} x={text(data.x) || "x"} y={text(data.y) || "y"} lines={linesOf(data)} ground={groundOf(data.ground)} />;
    case "bars":
      return <BarsFigure title={figure.title} data={data} />;
    case "images":
      return <Images title={figure.title} data={data} />;
    case "matrix":
      return <Matrix title={figure.title} data={data} />;
    case "table":
      return (
        <figure class="figure">
          <figcaption>
            <b>{figure.title}</b>
          </figcaption>
          <DataTable caption={figure.title} columns={list(data.columns).map(text)} rows={list(data.rows).map(list)} />
        </figure>
      );
    case "plotly":
      return <Plotly title={figure.title} data={data} />;
    default:
      return <p class="muted">This page cannot draw a figure of the kind “{text(figure.kind)}”.</p>;
  }
}

function BarsFigure({ title, data }: { title: string; data: Record<string, unknown> }) {
  const labels = list(data.labels).map(text);
  const series = list(data.series) as Named[];
  const [table, setTable] = useState(false);
  return (
    <figure class="figure chart">
      <figcaption>
        <b>{title}</b>
        {series.length > 1 && (
          <button type="button" class="button quiet little" aria-expanded={table} onClick={() => setTable(!table)}>
            {table ? "Show bars" : "Show data"}
          </button>
        )}
      </figcaption>
      {table ? (
        <DataTable caption={title} columns={["", ...series.map((one) => text(one.name))]} rows={labels.map((name, i) => [name, ...series.map((one) => list(one.values)[i])])} />
      ) : (
        series.map((one, n) => (
          <div class="part" key={n}>
            {series.length > 1 && <span class="label">{text(one.name)}</span>}
            <SignedBars label={text(one.name) || title} bars={labels.map((name, i) => ({ name, value: Number(list(one.values)[i] ?? 0) }))} />
          </div>
        ))
      )}
    </figure>
  );
}

function Images({ title, data }: { title: string; data: Record<string, unknown> }) {
  const items = list(data.items) as { image?: unknown; label?: unknown; note?: unknown }[];
  const columns = Math.max(1, Math.min(16, Number(data.columns) || 8));
  const safe = (value: unknown): string => (typeof value === "string" && value.startsWith("data:image/") ? value : "");
  // The wished number of columns where there is room; never a picture under 3.5 rem.
  const grid = `repeat(auto-fill, minmax(max(3.5rem, calc((100% - ${columns} * 0.75rem) / ${columns})), 1fr))`;
  return (
    <figure class="figure">
      <figcaption>
        <b>{title}</b>
      </figcaption>
      <ul class="thumbs" style={{ gridTemplateColumns: grid }}>
        {items.map((one, i) => (
          <li key={i}>
            <img src={safe(one.image)} alt={[one.label, one.note].map(text).filter(Boolean).join(", ") || `${title} ${i + 1}`} />
            {text(one.label) && <b>{text(one.label)}</b>} {text(one.note)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function Matrix({ title, data }: { title: string; data: Record<string, unknown> }) {
  const rows = list(data.rows).map(text);
  const columns = list(data.columns).map(text);
  const values = list(data.values).map(numbers);
  const most = Math.max(...values.flat().map(Math.abs), 1e-12);
  const shade = (value: number): string => `color-mix(in srgb, var(--accent) ${Math.round((Math.abs(value) / most) * 38)}%, var(--raised))`;
  return (
    <figure class="figure">
      <figcaption>
        <b>{title}</b>
      </figcaption>
      <div class="scroll" tabIndex={0} role="region" aria-label={title}>
        <table class="matrix num">
          <caption class="hidden">{title}</caption>
          <thead>
            <tr>
              <td />
              {columns.map((name, i) => (
                <th key={i} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((name, r) => (
              <tr key={r}>
                <th scope="row">{name}</th>
                {columns.map((_, c) => (
                  <td key={c} style={{ background: shade(values[r]?.[c] ?? 0) }}>
                    {number(values[r]?.[c])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

interface PlotlyLibrary {
  react(box: HTMLElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  purge(box: HTMLElement): void;
}

let loading: Promise<PlotlyLibrary> | undefined;

/** plotly.min.js comes from the installed package, through our own server, when the first such figure is shown. */
function plotly(): Promise<PlotlyLibrary> {
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = url("app/vendor/plotly.min.js");
    script.onload = () => done((window as unknown as { Plotly: PlotlyLibrary }).Plotly);
    script.onerror = () => {
      loading = undefined;
      failed(new Error("plotly"));
    };
    document.head.append(script);
  });
  return loading;
}

function Plotly({ title, data }: { title: string; data: Record<string, unknown> }) {
  const box = useRef<HTMLDivElement>(null);
  const [state, setState] = useState<"loading" | "shown" | "missing">("loading");
  const theme = useTheme();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let library: PlotlyLibrary | undefined;
    plotly().then(
      async (found) => {
        library = found;
        const given = (data.layout ?? {}) as Record<string, unknown>;
        const layout = { margin: { t: 16, r: 16, b: 48, l: 56 }, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", ...given, font: { family: token("--font"), color: token("--ink"), size: 12 } };
        await found.react(element, data.data ?? [], layout, { displaylogo: false, responsive: true });
        setState("shown");
      },
      () => setState("missing"),
    );
    return () => library?.purge(element);
  }, [data, theme]);
  return (
    <figure class="figure">
      <figcaption>
        <b>{title}</b>
      </figcaption>
      {state === "missing" && <p class="muted">This figure needs Plotly: pip install 'castalia[plots]', then start the workbench again.</p>}
      <div ref={box} aria-busy={state === "loading"} style={{ minHeight: state === "missing" ? "0" : "22rem" }} />
    </figure>
  );
}
