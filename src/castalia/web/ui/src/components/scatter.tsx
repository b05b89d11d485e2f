import { useMemo, useState } from "preact/hooks";
import { number } from "../format";
import { token, useTheme } from "../theme";
import type { Line } from "./chart";
import { DataTable } from "./table";

const W = 640;
const H = 340;
const SQUARE = [400, 378] as const; // what lies between the axes is a square then
const LEFT = 56;
const BOTTOM = 34;

/** Round numbers that span low..high in about five steps. */
export function ticks(low: number, high: number, wanted = 5): number[] {
  const raw = (high - low || 1) / wanted;
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= raw) ?? raw;
  const all: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) all.push(Number(at.toPrecision(10)));
  return all;
}

function span(values: number[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const one of values) {
    if (one < low) low = one;
    if (one > high) high = one;
  }
  if (!(high >= low)) return [0, 1];
  const pad = (high - low || 1) * 0.04;
  return [low - pad, high + pad];
}

/** What lies under the points: a grid of places, each in the colour of a series, the stronger the more its weight. */
export interface Ground {
  x: [number, number];
  y: [number, number];
  series: number[][];
  weight: number[][];
}

const ink = (i: number): string => `--c-${(i % 6) + 1}`;

function painted(ground: Ground): string {
  const canvas = document.createElement("canvas");
  canvas.width = ground.series[0]!.length;
  canvas.height = ground.series.length;
  const at = canvas.getContext("2d");
  if (!at) return "";
  const colours = new Map<number, string>();
  ground.series.forEach((row, down) =>
    row.forEach((one, right) => {
      if (!colours.has(one)) colours.set(one, token(ink(one)));
      at.fillStyle = colours.get(one)!;
      at.globalAlpha = 0.45 * (ground.weight[down]?.[right] ?? 1);
      at.fillRect(right, down, 1, 1);
    }),
  );
  return canvas.toDataURL("image/png");
}

/** Points as one path a series: thousands cost nothing. The shape of the point differs, not only its colour. */
export function Scatter({ title, x, y, lines, ground }: { title: string; x: string; y: string; lines: Line[]; ground?: Ground | undefined }) {
  const theme = useTheme();
  const under = useMemo(() => (ground ? painted(ground) : ""), [ground, theme]);
  const [wide, high] = ground ? SQUARE : [W, H];
  const [table, setTable] = useState(false);
  const points = lines.map((line) => line.x.map((at, i) => [at, line.y[i]] as const).filter((one): one is readonly [number, number] => Number.isFinite(one[0]) && typeof one[1] === "number"));
  const [x0, x1] = ground?.x ?? span(points.flat().map((one) => one[0]));
  const [y0, y1] = ground?.y ?? span(points.flat().map((one) => one[1]));
  const px = (at: number): number => LEFT + ((at - x0) / (x1 - x0)) * (wide - LEFT - 8);
  const py = (at: number): number => 8 + (1 - (at - y0) / (y1 - y0)) * (high - BOTTOM - 8);
  const mark = (i: number, [a, b]: readonly [number, number]): string => {
    const cx = px(a).toFixed(1);
    const cy = py(b).toFixed(1);
    return [`M${cx} ${cy}h0`, `M${cx} ${cy}m-3-3l6 6m0-6l-6 6`, `M${cx} ${cy}m-3 0h6m-3-3v6`, `M${cx} ${cy}m-3 2.5h6l-3-5.5z`][i % 4]!;
  };
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        <button type="button" class="button quiet little" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "Show chart" : "Show data"}
        </button>
      </figcaption>
      {table ? (
        <DataTable caption={`${title}: the data`} columns={["series", x, y]} rows={points.flatMap((one, i) => one.map(([a, b]) => [lines[i]!.name, a, b]))} />
      ) : (
        <svg viewBox={`0 0 ${wide} ${high}`} role="img" aria-label={`${y} against ${x}, ${points.flat().length} points`} font-size="11" fill="var(--ink-3)">
          {under && <image href={under} x={LEFT} y={8} width={wide - LEFT - 8} height={high - BOTTOM - 8} preserveAspectRatio="none" />}
          {ticks(x0, x1).map((at) => (
            <g key={`x${at}`}>
              <line x1={px(at)} x2={px(at)} y1={8} y2={high - BOTTOM} stroke="var(--line)" />
              <text x={px(at)} y={high - BOTTOM + 14} text-anchor="middle">
                {number(at)}
              </text>
            </g>
          ))}
          {ticks(y0, y1).map((at) => (
            <g key={`y${at}`}>
              <line x1={LEFT} x2={wide - 8} y1={py(at)} y2={py(at)} stroke="var(--line)" />
              <text x={LEFT - 8} y={py(at) + 4} text-anchor="end">
                {number(at)}
              </text>
            </g>
          ))}
          <text x={(wide + LEFT) / 2} y={high - 4} text-anchor="middle">
            {x}
          </text>
          {points.map((one, i) => (
            <path key={i} d={one.map((point) => mark(i, point)).join("")} fill="none" stroke={`var(${ink(i)})`} stroke-width={i % 4 === 0 ? 5 : 1.6} stroke-linecap="round" stroke-opacity="0.75" />
          ))}
        </svg>
      )}
      {!table && (
        <ul class="key">
          {lines.map((line, i) => (
            <li key={line.name}>
              <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
                <path d={["M0 0h0", "M-3-3l6 6m0-6l-6 6", "M-3 0h6m-3-3v6", "M-3 2.5h6l-3-5.5z"][i % 4]} fill="none" stroke={`var(${ink(i)})`} stroke-width={i % 4 === 0 ? 6 : 1.6} stroke-linecap="round" />
              </svg>
              {line.name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}
