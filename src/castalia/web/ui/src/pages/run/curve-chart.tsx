// One chart of a run: drawn while it is in view, painted when there is news, with its data one button away.
import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { dashes } from "../../components/chart";
import { DataTable } from "../../components/table";
import { number, plural } from "../../format";
import type { Mark } from "../../plot";
import { useTheme } from "../../theme";
import type { Book } from "./book";
import { OPEN, type View, setRange } from "./controls";
import { type Live, painter } from "./live";
import { inner, joined, real, type Shaped, shaped, steps } from "./shaping";

export interface CurveChartProps {
  live: Live;
  book: Book;
  /** Finer points of the range, where one is set. */
  zoom: Book | null;
  keys: string[];
  view: View;
  /** When the run began, in ms. */
  start: number;
  height: number;
  large?: boolean;
  table: boolean;
  onOpen?: () => void;
  /** Given the drawing once there is one, for a picture of it. */
  onPlot?: (plot: uPlot | undefined) => void;
}

type Told = (seen: boolean) => void;

/** One observer for all charts: who watches an element is told when it comes into view and goes. */
class Watcher {
  private readonly told = new WeakMap<Element, Told>();
  private readonly observer: IntersectionObserver;

  constructor(margin: string) {
    this.observer = new IntersectionObserver((entries) => entries.forEach((one) => this.told.get(one.target)?.(one.isIntersecting)), { rootMargin: margin });
  }

  watch(box: Element, told: Told): () => void {
    this.told.set(box, told);
    this.observer.observe(box);
    return () => this.observer.unobserve(box);
  }
}

let soon: Watcher | undefined;
let here: Watcher | undefined;

/** Whether an element is on the screen or soon will be; `inView` tells more exactly whether anything of it shows. */
function useSeen(element: { current: HTMLElement | null }, inView: Told): boolean {
  const [seen, setSeen] = useState(false);
  const latest = useRef(inView);
  latest.current = inView;
  useEffect(() => {
    const box = element.current;
    if (!box) return;
    const stops = [(soon ??= new Watcher("240px")).watch(box, setSeen), (here ??= new Watcher("0px")).watch(box, (on) => latest.current(on))];
    return () => stops.forEach((stop) => stop());
  }, []);
  return seen;
}

export const axisNames = { step: "Step", time: "Time", relative: "Time since the start" } as const;

/** Where the cursor is, as text. */
export function place(at: number, axis: keyof typeof axisNames): string {
  if (axis === "step") return `step ${number(at)}`;
  return axis === "time" ? new Date(at).toLocaleString() : `${number(Number(at.toPrecision(5)))} s`;
}

/** A text that is there already is not put again: that would lay the page out anew. */
function write(into: HTMLElement | null | undefined, text: string): void {
  if (into && into.textContent !== text) into.textContent = text;
}

export function Swatch({ at }: { at: number }) {
  return (
    <svg width="20" height="6" aria-hidden="true">
      <line x1="0" y1="3" x2="20" y2="3" stroke={`var(--c-${(at % 6) + 1})`} stroke-width="2" stroke-dasharray={dashes[at % 6]!.join(" ")} />
    </svg>
  );
}

export function CurveChart({ live, book, zoom, keys, view, start, height, large = false, table, onOpen, onPlot }: CurveChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const where = useRef<HTMLOutputElement>(null);
  const figures = useRef<(HTMLOutputElement | null)[]>([]);
  const spoken = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const drawn = useRef<{ parts: Shaped[]; data: (number | null | undefined)[][] }>({ parts: [], data: [[]] });
  const now = useRef(view);
  now.current = view;
  // Points that land while a chart is out of view wait until it shows; a first picture is drawn before that.
  const inView = useRef(large);
  const stale = useRef(false);
  const seen =
    useSeen(frame, (on) => {
      inView.current = on || large;
      if (on && stale.current) ask.current();
    }) || large;
  const pixels = useRef(0);
  const theme = useTheme();
  const [notes, setNotes] = useState<string[]>([]);
  const [ready, setReady] = useState(false);
  const [, redraw] = useState(0);
  const dragged = useRef(0);
  const width = view.smooth > 0 ? 2 : 1;

  const say = (at: number | null): void => {
    const { data, parts } = drawn.current;
    const x = at === null ? undefined : data[0]?.[at];
    write(where.current, typeof x === "number" ? place(x, parts[0]?.axis ?? "step") : "");
    keys.forEach((key, i) => {
      const raw = at === null ? undefined : data[1 + i * width]?.[at];
      const smooth = at === null || width === 1 ? undefined : data[2 + i * width]?.[at];
      write(figures.current[i], at === null ? number(live.summary[key]?.last) : typeof raw === "number" ? number(raw) + (typeof smooth === "number" ? ` · ${number(smooth)} smoothed` : "") : "–");
    });
  };

  const compute = (): boolean => {
    // Asked once, then told by the observer of its size: to ask at each painting is to lay the page out each time.
    pixels.current ||= box.current?.clientWidth ?? 0;
    const parts = keys.map((key) => {
      const found = (zoom && view.range && zoom.get(key)) || book.get(key);
      return found && shaped(found, now.current, start, pixels.current || 320);
    });
    if (!parts.every((one): one is Shaped => one !== undefined)) return false;
    drawn.current = { parts, data: joined(parts.map((one) => ({ x: one.x, columns: one.smooth ? [one.raw, one.smooth] : [one.raw] }))) };
    const count = (what: string): number => parts.reduce((sum, one) => sum + one.lost.filter((lost) => lost.what === what).length, 0);
    const said: string[] = [];
    for (const [what, words] of [["NaN", "✕ NaN"], ["∞", "▲ +∞"], ["−∞", "▼ −∞"], ["≤ 0", "▽ not above 0, which has no logarithm:"]] as const) if (count(what)) said.push(`${words} at ${plural(count(what), "point")}`);
    const cut = now.current.hideOutliers ? inner(visible()) : null;
    if (cut?.beyond) said.push(`${plural(cut.beyond, "point")} outside the scale`);
    if (parts.some((one) => one.axis !== now.current.axis)) said.push("its steps are not counted: shown over time");
    setNotes((old) => (old.join() === said.join() ? old : said));
    return true;
  };

  /** The columns within the range. */
  const visible = (): (number | null)[][] => {
    const { data } = drawn.current;
    const [x, ...columns] = data as (number | null)[][];
    const range = now.current.range;
    const within = (i: number): boolean => !range || (x![i]! >= range[0] && x![i]! <= range[1]);
    return columns.map((one) => one.filter((value, i) => typeof value === "number" && within(i)));
  };

  const rangeY = (): [number, number] | null => {
    const all = now.current.hideOutliers ? inner(visible()) : null;
    if (all) return [all.low, all.high];
    const [x, ...columns] = drawn.current.data as (number | null | undefined)[][];
    const range = now.current.range;
    let [low, high] = [Infinity, -Infinity];
    for (const one of columns)
      one.forEach((value, i) => {
        if (typeof value === "number" && (!range || (x![i]! >= range[0] && x![i]! <= range[1]))) [low, high] = [Math.min(low, value), Math.max(high, value)];
      });
    return low <= high ? [low, high] : null;
  };

  const paint = useRef<() => void>(() => undefined);
  paint.current = () => {
    stale.current = !inView.current && plot.current !== undefined;
    if (stale.current || !compute()) return;
    setReady(true);
    const made = plot.current;
    if (made) made.batch(() => made.setData(drawn.current.data as uPlot.AlignedData));
    if ((plot.current?.cursor.idx ?? null) === null) say(null);
    if (table) redraw((n) => n + 1);
    const label = keys.map((key) => `${key} ends at ${number(live.summary[key]?.last)}`).join(", ");
    if (box.current && !live.heard) box.current.setAttribute("aria-label", `Lines over ${axisNames[view.axis].toLowerCase()}: ${label}`);
  };

  // The points: while it is seen.
  const ask = useRef(() => painter.ask(asked.current));
  const asked = useRef(() => paint.current());
  useEffect(() => {
    if (!seen) return;
    const heard = (): void => ask.current();
    const stops = keys.map((key) => book.follow(key, null, heard));
    heard();
    return () => {
      for (const stop of stops) stop();
      painter.drop(asked.current);
    };
  }, [seen, book, keys.join("\n")]);

  // Finer points of a range, once it is known which steps that is.
  useEffect(() => {
    if (!seen || !zoom || !view.range) return;
    const range = view.range;
    const stops: (() => void)[] = [];
    const begin = (key: string): boolean => {
      const whole = book.get(key);
      if (!whole) return false;
      const window = steps(whole, now.current.axis, range, start);
      if (window) stops.push(zoom.follow(key, window, () => ask.current()));
      return true;
    };
    const waiting = keys.filter((key) => !begin(key));
    for (const key of waiting) {
      const stop = book.follow(key, null, () => {
        if (begin(key)) stop();
      });
      stops.push(stop);
    }
    return () => stops.forEach((stop) => stop());
  }, [seen, zoom, keys.join("\n")]);

  // The canvas.
  const look = `${keys.join("\n")}|${view.axis}|${view.logX}|${view.logY}|${view.smooth > 0}|${theme}|${height}|${live.run}`;
  useEffect(() => {
    if (!seen || table || !ready) return;
    let gone = false;
    let resized: ResizeObserver | undefined;
    void import("../../plot").then(({ drawCurves }) => {
      const into = box.current;
      if (gone || !into) return;
      compute();
      const axis = drawn.current.parts[0]?.axis ?? view.axis;
      const columns = keys.flatMap((_, i) => {
        const whole = { ink: i, dash: dashes[i % 6]!, faint: false, width: large ? 2 : 1.75, points: false };
        return view.smooth > 0 ? [{ ...whole, dash: [], faint: true, width: 1 }, whole] : [whole];
      });
      plot.current = drawCurves(into, drawn.current.data as uPlot.AlignedData, {
        height,
        columns,
        axis,
        logX: view.logX,
        logY: view.logY,
        sync: `run-${axis}`,
        rangeX: () => {
          const range = now.current.range;
          const all = drawn.current.data[0] as number[];
          return range && [range[0], range[1] === OPEN ? Math.max(range[0] + 1, all[all.length - 1] ?? 0) : range[1]];
        },
        rangeY,
        marks: (): Mark[] => drawn.current.parts.flatMap((one, ink) => one.lost.map((lost) => ({ ...lost, ink }))),
        levels: () => (now.current.extremes ? keys.flatMap((key, ink) => [live.summary[key]?.min, live.summary[key]?.max].map((one) => ({ value: real(one ?? null), ink })).filter((one) => Number.isFinite(one.value))) : []),
        chosen: (from, to) => {
          dragged.current = Date.now();
          setRange(axis === "step" ? [Math.floor(from), Math.ceil(to)] : [from, to]);
        },
        reset: () => setRange(null),
        onCursor: say,
      });
      onPlot?.(plot.current);
      say(null);
      resized = new ResizeObserver(([entry]) => {
        const wide = Math.floor(entry?.contentRect.width ?? 0);
        if (!wide) return; // its table stands in its place: nothing to draw, and the points stay those of the picture
        const to = Math.max(120, wide);
        pixels.current = to;
        if (plot.current && plot.current.width !== to) plot.current.setSize({ width: to, height });
      });
      resized.observe(into);
      ask.current();
    });
    return () => {
      gone = true;
      resized?.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
      onPlot?.(undefined);
    };
  }, [seen, table, ready, look]);

  // A further weight, range or scale only needs a new painting.
  useEffect(() => {
    if (!plot.current) return;
    ask.current();
  }, [view.smooth, String(view.range), view.hideOutliers, view.extremes, zoom]);

  const move = (event: KeyboardEvent): void => {
    const made = plot.current;
    const x = drawn.current.data[0];
    if (!made || !x?.length) return;
    const at = made.cursor.idx ?? (event.key === "ArrowLeft" ? x.length : -1);
    const far = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: at - far, ArrowRight: at + far, Home: 0, End: x.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(x.length - 1, to));
    made.setCursor({ left: made.valToPos(x[next]!, "x"), top: 10 });
    if (spoken.current) spoken.current.textContent = `${where.current?.textContent}: ${keys.map((key, i) => `${key} ${figures.current[i]?.textContent}`).join(", ")}`;
  };

  return (
    <div ref={frame} class="curve" style={{ minHeight: `${height}px` }}>
      {table ? (
        <Data parts={drawn.current.parts} keys={keys} view={view} />
      ) : (
        <div
          class={`plot${onOpen ? " opens" : ""}${ready ? "" : " waits"}`}
          ref={box}
          role="img"
          aria-label={`Lines of ${keys.join(", ")}`}
          style={{ height: `${height}px` }}
          onClick={() => onOpen && Date.now() - dragged.current > 300 && onOpen()}
          {...(large ? { tabIndex: 0, onKeyDown: move, "aria-describedby": "chart-keys" } : {})}
        />
      )}
      {large && <span class="hidden" role="status" ref={spoken} />}
      <p class="readout">
        {keys.map((key, i) => (
          <span key={key}>
            {keys.length > 1 && (
              <>
                <Swatch at={i} /> {key}{" "}
              </>
            )}
            <output ref={(element) => void (figures.current[i] = element)} />
          </span>
        ))}
        <output class="faint where" ref={where} />
      </p>
      {notes.length > 0 && <p class="notes">{notes.join(" · ")}</p>}
    </div>
  );
}

function Data({ parts, keys, view }: { parts: Shaped[]; keys: string[]; view: View }) {
  const inside = (at: number): boolean => !view.range || (at >= view.range[0] && at <= view.range[1]);
  const rows = parts.flatMap((one, n) => one.x.map((at, i) => [at, n, i] as const)).filter(([at]) => inside(at));
  rows.sort((a, b) => a[0] - b[0]);
  const table = rows.map(([at, n, i]) => {
    const part = parts[n]!;
    const lost = part.raw[i] === null ? part.lost.find((one) => one.x === at) : undefined;
    return [view.axis === "time" ? new Date(at).toLocaleString() : at, ...(keys.length > 1 ? [keys[n]] : []), lost && lost.what !== "≤ 0" ? lost.what : part.raw[i], ...(view.smooth > 0 ? [part.smooth?.[i]] : [])];
  });
  const columns = [axisNames[view.axis], ...(keys.length > 1 ? ["Metric"] : []), "Value", ...(view.smooth > 0 ? ["Smoothed"] : [])];
  return <DataTable caption={`${keys.join(", ")}: the points shown`} columns={columns} rows={table} />;
}
