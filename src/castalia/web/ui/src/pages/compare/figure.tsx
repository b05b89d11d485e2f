// The frame of every chart here: title, the numbers, the ways to take it along, and marks that keys and pointer walk on.
import type { ComponentChildren, VNode } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import { Icon } from "../../components/icons";
import { DataTable } from "../../components/table";
import { save } from "../../csv";
import { sheet } from "../run/sheet";
import type { Axis } from "./axis";
import { fileName, type KeyLine, savePng, saveSvg } from "./export";
import { highlight } from "./hot";
import { useWidth } from "./size";

/** A place in the drawing that says something. */
export interface Mark {
  x: number;
  y: number;
  /** What it says; asked for when somebody points at it. */
  words: () => string;
  run?: string;
}

export interface Drawing {
  body: ComponentChildren;
  /** Rows of marks: left and right go along a row, up and down to the next. */
  marks: Mark[][];
}

export interface FigureProps {
  title: string;
  height: number;
  /** The title as a button, where the chart opens. */
  onOpen?: (() => void) | undefined;
  head?: VNode | undefined;
  draw: (width: number, height: number) => Drawing;
  /** What the drawing depends on: it is drawn anew when one of these is another. */
  on: unknown[];
  /** Told in the label, and again in words below. */
  summary: string;
  columns: string[];
  rows: () => unknown[][];
  names: KeyLine[];
  notes?: string[];
  /** Dragging along x, in pixels of the drawing. */
  onDrag?: (from: number, to: number) => void;
  onClear?: () => void;
  onPick?: (mark: Mark) => void;
}

export function ComparedFigure({ title, height, onOpen, head, draw, on, summary, columns, rows, names, notes = [], onDrag, onClear, onPick }: FigureProps) {
  const box = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [table, setTable] = useState(false);
  const [at, setAt] = useState<[number, number] | null>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  // Where the drag began: events may come faster than the page is drawn.
  const began = useRef<number | null>(null);
  const width = useWidth(box, table);
  const drawing = useMemo(() => (width > 40 && !table ? draw(width, height) : { body: null, marks: [] }), [width, height, table, ...on]);
  const marks = useMemo(() => drawing.marks.filter((row) => row.length > 0), [drawing]);
  const count = useMemo(() => marks.reduce((sum, row) => sum + row.length, 0), [marks]);
  const mark = at ? marks[at[0]]?.[at[1]] : undefined;

  const move = (row: number, place: number): void => {
    const found = marks[row]?.[place];
    setAt(found ? [row, place] : null);
    highlight(found?.run ?? "");
  };
  const nearest = (x: number, y: number): void => {
    let best = Infinity;
    let found: [number, number] | null = null;
    marks.forEach((row, i) =>
      row.forEach((one, j) => {
        const far = (one.x - x) ** 2 + (one.y - y) ** 2;
        if (far < best) [best, found] = [far, [i, j]];
      }),
    );
    if (found) move(...(found as [number, number]));
  };
  const pointed = (event: PointerEvent): [number, number] => {
    const frame = svg.current!.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const key = (event: KeyboardEvent): void => {
    const [row, place] = at ?? [0, -1];
    const by = event.shiftKey ? 10 : 1;
    const count = marks[row]?.length ?? 0;
    if (event.key === "ArrowRight") move(row, Math.min(count - 1, place + by));
    else if (event.key === "ArrowLeft") move(row, Math.max(0, place - by));
    else if (event.key === "Home") move(row, 0);
    else if (event.key === "End") move(row, count - 1);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = (row + (event.key === "ArrowDown" ? 1 : -1) + marks.length) % marks.length;
      // The mark of the next row that is nearest along x: the same step of another run.
      const x = mark?.x ?? 0;
      const line = marks[next] ?? [];
      let best = 0;
      line.forEach((one, i) => {
        if (Math.abs(one.x - x) < Math.abs(line[best]!.x - x)) best = i;
      });
      move(next, best);
    } else if (event.key === "Escape") move(-1, -1);
    else if (event.key === "Enter" && mark && onPick) onPick(mark);
    else return;
    event.preventDefault();
    if (event.key !== "Escape") event.stopPropagation();
  };

  return (
    <figure class="compared" aria-label={title}>
      <div class="tile-head">
        <h3>
          {onOpen ? (
            <button type="button" data-chart={title} onClick={onOpen} title={`Open ${title}`}>
              <bdi>{title}</bdi>
              <span class="hidden">: open the chart</span>
            </button>
          ) : (
            <bdi>{title}</bdi>
          )}
        </h3>
        <span class="takes">
          <button type="button" class="icon-button small" aria-pressed={table} aria-label={`Data of ${title}`} title="Data" onClick={() => setTable(!table)}>
            <Icon name="table" size={14} />
          </button>
          <details class="take" onKeyDown={(event) => event.key === "Escape" && event.currentTarget.open && (event.stopPropagation(), (event.currentTarget.open = false))} onFocusOut={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && (event.currentTarget.open = false)}>
            <summary class="icon-button small" aria-label={`Download ${title}`} title="Download">
              <Icon name="download" size={14} />
            </summary>
            <div class="take-list">
              <button type="button" disabled={table || !width} onClick={() => svg.current && void savePng(svg.current, title, names)}>
                PNG
              </button>
              <button type="button" disabled={table || !width} onClick={() => svg.current && saveSvg(svg.current, title, names)}>
                SVG
              </button>
              <button type="button" onClick={() => save(fileName(title, "csv"), sheet([columns, ...rows()]))}>
                CSV
              </button>
            </div>
          </details>
        </span>
      </div>
      {head}
      {table ? (
        <DataTable caption={`${title}: the data`} columns={columns} rows={rows()} limit={1000} />
      ) : (
        <>
          <div
            class={onDrag ? "drawn drags" : "drawn"}
            ref={box}
            style={{ height: `${height}px` }}
            {...(marks.length
              ? { role: "slider", tabIndex: 0, "aria-label": `${title}: ${summary}`, "aria-valuemin": 1, "aria-valuemax": count, "aria-valuenow": at ? marks.slice(0, at[0]).reduce((sum, row) => sum + row.length, 0) + at[1] + 1 : 1, "aria-valuetext": mark?.words() ?? "no point chosen; arrow keys move" }
              : { role: "img", "aria-label": `${title}: ${summary}` })}
            onKeyDown={key}
            onBlur={() => move(-1, -1)}
            onPointerMove={(event) => {
              const [x, y] = pointed(event);
              if (began.current !== null) setDrag([began.current, x]);
              else if (event.pointerType !== "touch") nearest(x, y);
            }}
            onPointerLeave={() => !drag && document.activeElement !== box.current && move(-1, -1)}
            onPointerDown={(event) => {
              const [x, y] = pointed(event);
              nearest(x, y);
              if (onDrag && event.button === 0 && event.pointerType !== "touch") {
                event.currentTarget.setPointerCapture(event.pointerId);
                began.current = x;
                setDrag([x, x]);
              }
            }}
            onPointerUp={(event) => {
              const from = began.current;
              if (from === null) return;
              began.current = null;
              setDrag(null);
              const [to] = pointed(event);
              if (Math.abs(from - to) > 6) onDrag?.(Math.min(from, to), Math.max(from, to));
            }}
            onPointerCancel={() => {
              began.current = null;
              setDrag(null);
            }}
            onDblClick={onClear}
          >
            {width > 40 && (
              <svg ref={svg} width={width} height={height} viewBox={`0 0 ${width} ${height}`} font-size="11" fill="var(--ink-3)" aria-hidden="true">
                {drawing.body}
                {drag && <rect data-cursor="" x={Math.min(...drag)} y={0} width={Math.abs(drag[0] - drag[1])} height={height - 28} fill="var(--accent)" fill-opacity="0.14" />}
                {mark && <circle data-cursor="" cx={mark.x} cy={mark.y} r={6} fill="none" stroke="var(--ink)" stroke-width="1.5" />}
              </svg>
            )}
          </div>
          <p class="readout">
            <output>{mark ? <bdi>{mark.words()}</bdi> : ""}</output>
            {!mark && notes.map((one) => <span key={one}>{one}</span>)}
          </p>
        </>
      )}
    </figure>
  );
}

/** Lines and labels of both axes; choices that have no room are cut, the whole text stands in the table. */
export function Axes({ x, y, box, xName = "", yName = "" }: { x: Axis; y: Axis; box: { left: number; right: number; top: number; bottom: number }; xName?: string; yName?: string }) {
  const room = (box.right - box.left) / Math.max(1, x.ticks.length);
  const cut = (label: string, letters: number): string => (label.length > letters ? `${label.slice(0, Math.max(1, letters - 1))}…` : label);
  return (
    <>
      {y.ticks.map((one) => (
        <g key={`y${one.at}`}>
          <line x1={box.left} x2={box.right} y1={y.place(one.at)} y2={y.place(one.at)} stroke="var(--line)" />
          <text x={box.left - 8} y={y.place(one.at) + 4} text-anchor="end">
            {cut(one.label, 9)}
          </text>
        </g>
      ))}
      {x.ticks.map((one) => (
        <g key={`x${one.at}`}>
          <line x1={x.place(one.at)} x2={x.place(one.at)} y1={box.top} y2={box.bottom} stroke="var(--line)" />
          <text x={x.place(one.at)} y={box.bottom + 15} text-anchor="middle">
            {cut(one.label, Math.max(3, Math.floor(room / 6)))}
          </text>
        </g>
      ))}
      {xName && (
        <text x={box.right} y={box.bottom + 30} text-anchor="end" fill="var(--ink-2)">
          {cut(xName, 60)}
        </text>
      )}
      {yName && (
        <text x={box.left - 8} y={box.top - 8} text-anchor="start" fill="var(--ink-2)">
          {cut(yName, 60)}
        </text>
      )}
    </>
  );
}
