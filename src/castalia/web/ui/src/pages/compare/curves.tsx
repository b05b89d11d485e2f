// The metrics of all runs over each other: small charts, one of them large on demand; groups of runs as bands.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import { Segments } from "../../components/choice";
import { Icon } from "../../components/icons";
import { ProblemBox } from "../../components/problem";
import { number, plural } from "../../format";
import { type Resource, useResource } from "../../resource";
import { setQuery, usePlace } from "../../router";
import type { Curve } from "../../types";
import { isCurve } from "../run/book";
import { OPEN, setRange, useView, type View } from "../run/controls";
import { place } from "../run/curve-chart";
import { Controls } from "../run/curves";
import { inner, received, shaped, type Shaped, steps } from "../run/shaping";
import { axis, roomy, span } from "./axis";
import { type Comparison, fill, SAMPLE, type Shown, stroke, useSame } from "./comparison";
import { Axes, ComparedFigure, type Drawing, type Mark } from "./figure";
import { useSeen, useSeenOnce } from "./size";

type Sampled = Record<string, Record<string, Curve & { whole: boolean }>>;

interface Band {
  step: number[];
  runs: number[];
  middle: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

interface Banded {
  groups: { name: string; run_ids: string[] }[];
  bands: Record<string, Band[]>;
}

let opening = false;
const POINTS = { small: 250, large: 1000 };
/** Points of one of so many runs in a chart. */
export const pointsOf = (runs: number, size: "small" | "large"): number => Math.max(60, Math.min(POINTS[size], Math.floor(MOST[size] / runs)));
/** Points of all runs in one chart: what is painted while a person waits, and what the server gives at once. */
const MOST = { small: 15_000, large: 100_000 };

export function Curves({ all }: { all: Comparison }) {
  const view = useView("step");
  const { query } = usePlace();
  const keys = useMemo(() => {
    const found = new Set<string>();
    for (const run of all.runs) for (const [key, one] of Object.entries(run.summary ?? {})) if (isCurve(one)) found.add(key);
    const late = (key: string): number => (key.startsWith("system/") ? 1 : 0);
    return [...found].sort((a, b) => late(a) - late(b) || Number(/loss/.test(b)) - Number(/loss/.test(a)) || a.localeCompare(b, "en", { numeric: true }));
  }, [all.runs]);
  const opened = keys.includes(view.open) ? view.open : "";
  const last = useRef("");
  useEffect(() => {
    if (opened) last.current = opened;
    else if (last.current) document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(last.current)}"]`)?.focus();
  }, [opened]);
  if (!keys.length) return <p class="muted">No metric of these runs was logged more than once, so there is no curve.</p>;
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = keys.filter((key) => words.every((word) => key.toLowerCase().includes(word)));
  const way = query.get("band") === "range" ? "range" : query.get("band") === "runs" ? "runs" : "mean";
  const banded = all.by !== "" && way !== "runs";
  return (
    <section class="stack" aria-label="Curves">
      <Controls view={view} system={false} many={keys.length > 4 && !opened} several />
      {all.by && (
        <div class="control start">
          <span class="label" id="compare-bands">
            Groups as
          </span>
          <Segments label="Groups as" labelledBy="compare-bands" options={[{ value: "mean", label: "Mean and 95 % interval" }, { value: "range", label: "Median, min to max" }, { value: "runs", label: "Every run" }]} value={way} onChange={(value) => setQuery({ band: value === "mean" ? "" : value })} />
        </div>
      )}
      {banded && (
        <p class="faint small">
          Runs of a group are brought to a common grid of steps by straight lines between their points, each only inside its own range. {way === "mean" ? "The band is the 95 % interval of the mean (Student's t)." : "The band goes from the least to the most."}
          {view.axis !== "step" && " Bands are drawn over steps only: here every run is drawn."}
          {view.smooth > 0 && view.axis === "step" && " Bands are of what was logged; smoothing is for single runs."}
        </p>
      )}
      {!wanted.length && (
        <p class="muted" role="status">
          No metric's name has “{view.text}” in it.
        </p>
      )}
      {opened ? (
        <Large name={opened} all={all} view={view} banded={banded} way={way} keys={keys} />
      ) : (
        <div class="tiles compare-tiles">
          {wanted.map((key) => (
            <Tile key={key} name={key} all={all} view={view} banded={banded} way={way} large={false} />
          ))}
        </div>
      )}
    </section>
  );
}

interface TileProps {
  name: string;
  all: Comparison;
  view: View;
  banded: boolean;
  way: string;
  large: boolean;
}

function Large({ keys, ...props }: Omit<TileProps, "large"> & { keys: string[] }) {
  const close = () => setQuery({ chart: "" }, false);
  const at = keys.indexOf(props.name);
  const turn = (by: number) => setQuery({ chart: keys[(at + by + keys.length) % keys.length]! });
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Who opened it by its title goes on inside; who came by an address begins at the top.
    if (opening) back.current?.focus();
    opening = false;
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) close();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  return (
    <div class="stack tight">
      <div class="row">
        <button type="button" class="button little" ref={back} onClick={close}>
          All charts <kbd aria-hidden="true">Esc</kbd>
        </button>
        <button type="button" class="icon-button small" aria-label="Previous chart" title="Previous chart" onClick={() => turn(-1)}>
          <Icon name="left" />
        </button>
        <button type="button" class="icon-button small" aria-label="Next chart" title="Next chart" onClick={() => turn(1)}>
          <Icon name="right" />
        </button>
      </div>
      <Tile key={props.name} {...props} large />
      <p class="faint small">Drag over the chart for a range, double-click for all. With the keyboard: left and right go along a line, with Shift by ten points, up and down to the next line.</p>
    </div>
  );
}

function Tile({ name, all, view, banded, way, large }: TileProps) {
  const frame = useRef<HTMLElement>(null);
  const seen = useSeenOnce(frame) || large;
  const size = large ? "large" : "small";
  const bands = banded && view.axis === "step";
  const ids = all.all.map((one) => one.id);
  const points = pointsOf(ids.length, size);
  const here = useSeen(frame) || large;
  // Many runs are asked for less often.
  const every = all.live && here ? Math.max(SAMPLE, 50 * all.moving.length) : 0;
  const first = useSampled(seen && !bands, name, points, ids, all.moving, every);
  const window = useMemo(() => (view.range && first.value ? windowOf(first.value, name, view, all) : null), [view.range?.join(), view.axis, first.value === undefined]);
  const finer = useSampled(window !== null && !bands, name, points, ids, all.moving, every, window);
  const grouped = new URLSearchParams([...all.shown.map((one) => ["run", one.id]), ["key", name], ["by", all.by], ["way", way === "range" ? "range" : "mean"]]);
  if (view.range && bands) {
    grouped.set("first", String(Math.floor(view.range[0])));
    if (view.range[1] !== OPEN) grouped.set("last", String(Math.ceil(view.range[1])));
  }
  const bandPath = seen && bands && all.shown.length ? `runs/bands?${grouped}` : "";
  const around = useSame<Banded>(bandPath, 2 * every);
  const problem = (bands ? around : first).problem;
  const found = finer.value ?? first.value;
  const made = useMemo(() => (bands ? (around.value ? bandLines(around.value, name, all) : []) : runLines(found, name, all.shown, view)), [bands, around.value, found, name, all, JSON.stringify(view)]);
  const busy = bands ? !around.value : !first.value;
  return (
    <article class={large ? "tile large" : "tile"} aria-label={name} ref={frame} aria-busy={seen && busy && !problem}>
      {problem ? <ProblemBox problem={problem} again={(bands ? around : first).again} /> : <CurveFigure name={name} lines={made} view={view} large={large} waiting={busy} thin={!bands && Object.values(found ?? {}).some((one) => one[name] && !one[name].whole) ? points : 0} />}
    </article>
  );
}

/** Curves of all runs, asked for once, with those that move asked for again: what has ended is not sent twice. */
function useSampled(wanted: boolean, key: string, points: number, ids: string[], moving: string[], every: number, window: [number, number] | null = null): Resource<Sampled> {
  const path = (some: string[]): string => `runs/curves?${new URLSearchParams([...some.map((id) => ["run", id]), ["key", key], ["points", String(points)], ...(window ? [["first", String(window[0])], ["last", String(window[1])]] : [])])}`;
  const first = useResource<Sampled>(wanted ? path(ids) : "", (signal) => get(path(ids), signal));
  const [began, setBegan] = useState(false);
  useEffect(() => {
    if (every) setBegan(true);
  }, [every]);
  const again = useSame<Sampled>(wanted && began && moving.length ? path(moving) : "", every).value;
  const value = useMemo(() => first.value && { ...first.value, ...again }, [first.value, again]);
  return { ...first, value };
}

/** The steps that a range covers, over all runs; one without an end goes on with the runs. */
function windowOf(found: Sampled, key: string, view: View, all: Comparison): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const one of all.all) {
    const curve = found[one.id]?.[key];
    const end = view.range![1];
    const part = curve && steps(received(curve), view.axis, [view.range![0], end === OPEN ? 9e15 : end], Number(one.run.started));
    if (part) [low, high] = [Math.min(low, part[0]), Math.max(high, end === OPEN ? 9e15 : Math.min(part[1], 9e15))];
  }
  return low <= high ? [low, high] : null;
}

interface CurveLine {
  name: string;
  ink: number;
  run: string;
  count: number;
  shape: Shaped;
  low?: (number | null)[];
  high?: (number | null)[];
  runs?: number[];
}

function runLines(found: Sampled | undefined, key: string, shown: Shown[], view: View): CurveLine[] {
  return shown.flatMap((one) => {
    const curve = found?.[one.id]?.[key];
    if (!curve) return [];
    return [{ name: one.name, ink: one.ink, run: one.id, count: curve.step.length, shape: shaped(received(curve), view, Number(one.run.started), 1000) }];
  });
}

function bandLines(found: Banded, key: string, all: Comparison): CurveLine[] {
  return (found.bands[key] ?? []).flatMap((band, i) => {
    const ids = found.groups[i]?.run_ids ?? [];
    const at = all.groups.findIndex((one) => one.run_ids.includes(ids[0] ?? ""));
    if (!band.step.length) return [];
    return [{ name: all.groups[at]?.name ?? "", ink: Math.max(0, at), run: "", count: band.step.length, shape: { x: band.step, raw: band.middle, smooth: null, lost: [], axis: "step" as const }, low: band.low, high: band.high, runs: band.runs }];
  });
}

function CurveFigure({ name, lines, view, large, thin, waiting }: { name: string; lines: CurveLine[]; view: View; large: boolean; thin: number; waiting: boolean }) {
  const height = large ? 460 : 200;
  const within = (x: number): boolean => !view.range || (x >= view.range[0] && x <= view.range[1]);
  const columns = lines.map((one) => (one.shape.smooth ?? one.shape.raw).filter((_, i) => within(one.shape.x[i]!)));
  const cut = view.hideOutliers ? inner(columns) : null;
  const lost = lines.flatMap((one) => one.shape.lost);
  const notes: string[] = [];
  if (!lines.length && !waiting) notes.push("No shown run has it.");
  if (thin) notes.push(`${number(thin)} points of a run at most, at even steps; a range shows more`);
  if (cut?.beyond) notes.push(`${plural(cut.beyond, "point")} outside the scale`);
  for (const what of ["NaN", "∞", "−∞", "≤ 0"] as const) {
    const count = lost.filter((one) => one.what === what).length;
    if (count) notes.push(`✕ ${what} at ${plural(count, "point")}`);
  }
  const ends = (one: CurveLine): number | null => one.shape.raw.reduce<number | null>((last, value) => value ?? last, null);
  const summary = `${plural(lines.length, lines[0]?.low ? "group" : "run")} over ${view.axis === "time" ? "time" : view.axis === "relative" ? "seconds since the start" : "steps"}. ${lines.slice(0, 5).map((one) => `${one.name} ends at ${number(ends(one))}`).join(", ")}${lines.length > 5 ? " and so on" : ""}`;
  const scale = useRef<{ value: (pixels: number) => number } | null>(null);
  return (
    <ComparedFigure
      title={name}
      height={height}
      onOpen={
        large
          ? undefined
          : () => {
              opening = true;
              setQuery({ chart: name }, false);
            }
      }
      summary={summary}
      notes={notes}
      columns={["run", view.axis === "time" ? "time_ms" : view.axis === "relative" ? "seconds" : "step", "value", ...(lines[0]?.low ? ["low", "high", "runs"] : view.smooth ? ["smoothed"] : [])]}
      rows={() => lines.flatMap((one) => one.shape.x.map((x, i) => [one.name, x, one.shape.raw[i], ...(one.low ? [one.low[i], one.high![i], one.runs![i]] : one.shape.smooth ? [one.shape.smooth[i]] : [])]))}
      names={lines.map((one) => ({ name: one.name, ink: one.ink }))}
      on={[lines, JSON.stringify(view), waiting, large]}
      draw={(width, tall) => {
        if (waiting) return { body: null, marks: [] };
        const box = { left: 52, right: width - 10, top: 8, bottom: tall - 26 };
        const xs = view.range ? [view.range[0], view.range[1] === OPEN ? span(lines.flatMap((one) => one.shape.x))[1] : view.range[1]] : span(lines.flatMap((one) => one.shape.x));
        // The interval of two runs is twelve times as wide as their distance: it may leave the scale, the lines may not.
        const sure = lines.flatMap((one) => (one.runs ?? []).flatMap((count, i) => (count > 2 && within(one.shape.x[i]!) ? [one.low![i], one.high![i]] : [])));
        const ys = cut ? [cut.low, cut.high] : span([...columns.flat(), ...sure].filter((one) => !view.logY || (one ?? 0) > 0));
        const x = axis(view.axis === "time" ? "time" : view.logX ? "log" : "linear", [xs[0]!, xs[1]! > xs[0]! ? xs[1]! : xs[0]! + 1], box.left, box.right, Math.max(2, Math.floor(width / 90)));
        const y = axis(view.logY ? "log" : "linear", roomy(ys as [number, number], view.logY), box.bottom, box.top, tall > 300 ? 8 : 5);
        scale.current = x;
        return drawn(name, lines, view, x, y, box);
      }}
      onDrag={(from, to) => {
        if (!scale.current) return;
        const [a, b] = [scale.current.value(from), scale.current.value(to)];
        setRange(view.axis === "step" ? [Math.round(a), Math.max(Math.round(a) + 1, Math.round(b))] : [a, b]);
      }}
      onClear={() => setRange(null)}
    />
  );
}

function drawn(name: string, lines: CurveLine[], view: View, x: ReturnType<typeof axis>, y: ReturnType<typeof axis>, box: { left: number; right: number; top: number; bottom: number }): Drawing {
  const marks: Mark[][] = [];
  const clip = `clip-${name.replace(/[^a-zA-Z0-9]/g, "-")}-${box.right}`;
  const path = (at: number[], value: (number | null)[]): string => {
    let text = "";
    let open = false;
    at.forEach((one, i) => {
      const v = value[i];
      if (v === null || v === undefined || !Number.isFinite(y.place(v)) || !Number.isFinite(x.place(one))) open = false;
      else {
        text += `${open ? "L" : "M"}${x.place(one).toFixed(1)} ${y.place(v).toFixed(1)}`;
        // A point between two gaps is a line of no length: a round end makes it a dot.
        if (!open && (value[i + 1] ?? null) === null) text += "h0";
        open = true;
      }
    });
    return text;
  };
  const bands = lines.map((one) => (one.low ? around(one, x, y) : ""));
  const paths = lines.map((one) => {
    const value = one.shape.smooth ?? one.shape.raw;
    const row: Mark[] = [];
    one.shape.x.forEach((at, i) => {
      const v = value[i];
      const [px, py] = [x.place(at), v === null || v === undefined ? NaN : y.place(v)];
      if (Number.isFinite(px) && Number.isFinite(py) && px >= box.left - 1 && px <= box.right + 1 && py >= box.top - 1 && py <= box.bottom + 1) {
        const about = (): string => (one.low ? (one.low[i] === null ? ", one run" : `, ${number(one.low[i])} to ${number(one.high![i])}, ${plural(one.runs![i]!, "run")}`) : one.shape.smooth ? ` smoothed, ${number(one.shape.raw[i])} logged` : "");
        row.push({ x: px, y: py, run: one.run, words: () => `${one.name}: ${number(v)}${about()} at ${place(at, view.axis)}` });
      }
    });
    marks.push(row);
    return path(one.shape.x, value);
  });
  const thick = lines.length > 40 ? 1 : 1.6;
  const body = (
    <>
      <clipPath id={clip}>
        <rect x={box.left} y={box.top - 2} width={Math.max(0, box.right - box.left)} height={Math.max(0, box.bottom - box.top + 4)} />
      </clipPath>
      <Axes x={x} y={y} box={box} />
      <g clip-path={`url(#${clip})`} fill="none" stroke-linejoin="round" stroke-linecap="round">
        {bands.map((d, i) => d && <path key={`band${i}`} d={d} fill={fill(lines[i]!.ink)} fill-opacity="0.16" />)}
        {lines.map((one, i) => one.shape.smooth && <path key={`raw${one.run}`} data-run={one.run} d={path(one.shape.x, one.shape.raw)} stroke={fill(one.ink)} stroke-opacity="0.25" stroke-width="1" data-i={i} />)}
        {lines.map((one, i) => (
          <path key={`line${one.run}${i}`} data-run={one.run || undefined} d={paths[i]!} stroke-width={thick} {...stroke(one.ink)} />
        ))}
      </g>
      {lines.map((one, i) =>
        one.shape.lost.slice(0, 50).map((lost, j) => {
          const at = x.place(lost.x);
          return Number.isFinite(at) && at >= box.left && at <= box.right ? <path key={`lost${i}.${j}`} data-run={one.run} d={`M${at - 3} ${box.top}l6 6m0-6l-6 6`} stroke={fill(one.ink)} stroke-width="1.4" /> : null;
        }),
      )}
    </>
  );
  return { body, marks };
}

/** The outline of a band, in pieces where one run alone leaves no interval. */
function around(one: CurveLine, x: ReturnType<typeof axis>, y: ReturnType<typeof axis>): string {
  let text = "";
  let piece: number[] = [];
  const close = (): void => {
    const point = (i: number, value: number): string => `${x.place(one.shape.x[i]!).toFixed(1)} ${y.place(value).toFixed(1)}`;
    if (piece.length > 1) text += `M${piece.map((i) => point(i, one.high![i]!)).join("L")}L${[...piece].reverse().map((i) => point(i, one.low![i]!)).join("L")}Z`;
    piece = [];
  };
  one.shape.x.forEach((_, i) => {
    const [low, high] = [one.low![i], one.high![i]];
    if (low === null || high === null || low === undefined || high === undefined || !Number.isFinite(y.place(low)) || !Number.isFinite(y.place(high))) close();
    else piece.push(i);
  });
  close();
  return text;
}

