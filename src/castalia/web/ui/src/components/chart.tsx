import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { number } from "../format";
import { useTheme } from "../theme";
import { DataTable } from "./table";

export interface Line {
  name: string;
  x: number[];
  y: (number | null)[];
}

export interface ChartProps {
  title: string;
  x?: string;
  y?: string;
  log?: boolean;
  lines: Line[];
  height?: number;
}

export const dashes: number[][] = [[], [8, 4], [2, 4], [10, 3, 2, 3], [5, 5], [12, 4]];
const INKS = 6;

/** One x for all lines, as uPlot wants it: the union of their steps, gaps where a line has none. */
function align(lines: Line[]): uPlot.AlignedData {
  const clean = (value: number | null | undefined): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
  const first = lines[0];
  if (!first) return [[]];
  const same = lines.every((line) => line.x.length === first.x.length && line.x.every((at, i) => at === first.x[i]));
  if (same) return [first.x, ...lines.map((line) => line.y.map(clean))];
  const xs = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const place = new Map(xs.map((at, i) => [at, i]));
  return [
    xs,
    ...lines.map((line) => {
      const column: (number | null | undefined)[] = new Array(xs.length).fill(undefined);
      line.x.forEach((at, i) => (column[place.get(at)!] = clean(line.y[i])));
      return column;
    }),
  ] as uPlot.AlignedData;
}

/** Curves on a canvas, told apart by dash as well as colour, with the numbers one button away. */
export function Chart({ title, x = "step", y = "", log = false, lines, height = 220 }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = useTheme();
  const [table, setTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const data = useMemo(() => align(lines), [lines]);
  const shape = `${lines.map((line) => line.name).join("|")}|${log}|${height}|${theme}|${x}|${y}`;
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    let gone = false;
    let watcher: ResizeObserver | undefined;
    void import("../plot").then(({ draw }) => {
      if (gone || !box.current || table) return;
      plot.current = draw(box.current, { names: lines.map((line) => line.name), data: latest.current, log, height, x, y, dashes, inks: INKS, onCursor: setAt });
      watcher = new ResizeObserver(([entry]) => entry && plot.current?.setSize({ width: Math.max(120, Math.floor(entry.contentRect.width)), height }));
      watcher.observe(box.current);
    });
    return () => {
      gone = true;
      watcher?.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, table]);

  useEffect(() => plot.current?.setData(data), [data]);

  const last = (line: Line): number | null => {
    for (let i = line.y.length - 1; i >= 0; i--) if (line.y[i] !== null) return line.y[i]!;
    return null;
  };
  const shown = (i: number, line: Line): number | null | undefined => (at === null ? last(line) : (data[i + 1] as (number | null | undefined)[] | undefined)?.[at]);
  const where = at === null ? undefined : data[0]?.[at];
  const said = lines.map((line) => `${line.name} ends at ${number(last(line))}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        <button type="button" class="button quiet little" aria-expanded={table} onClick={() => setTable(!table)}>
          {table ? "Show chart" : "Show data"}
          <span class="hidden"> of {title}</span>
        </button>
      </figcaption>
      {table ? (
        <DataTable caption={`${title}: the data`} columns={[x, ...lines.map((line) => line.name)]} rows={Array.from(data[0] as number[], (step, i) => [step, ...lines.map((_, n) => (data[n + 1] as unknown[])[i])])} />
      ) : (
        <div class="plot" ref={box} role="img" aria-label={`Lines over ${x}: ${said || "no points yet"}`} style={{ minHeight: `${height}px` }} />
      )}
      {!table && (
        <ul class="key">
          {where !== undefined && (
            <li>
              {x} <output>{number(where)}</output>
            </li>
          )}
          {lines.map((line, i) => (
            <li key={line.name}>
              <svg width="20" height="6" aria-hidden="true">
                <line x1="0" y1="3" x2="20" y2="3" stroke={`var(--c-${(i % INKS) + 1})`} stroke-width="2" stroke-dasharray={dashes[i % INKS]!.join(" ")} />
              </svg>
              {line.name} <output>{number(shown(i, line))}</output>
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}
