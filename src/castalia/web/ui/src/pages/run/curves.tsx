// All curves of a run as small charts in groups, one of them large on demand, and what is set for all of them.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { get } from "../../api";
import { Segments } from "../../components/choice";
import { Icon } from "../../components/icons";
import { save } from "../../csv";
import { plural } from "../../format";
import { setQuery } from "../../router";
import { token } from "../../theme";
import type { Curve } from "../../types";
import { type Book, isCurve, seriesAddress } from "./book";
import { OPEN, setLog, setRange, useView, type View } from "./controls";
import { axisNames, CurveChart } from "./curve-chart";
import { type Live, useSummary } from "./live";
import { sheet } from "./sheet";
import type { Axis } from "./shaping";

export interface ChartOf {
  title: string;
  keys: string[];
  group: string;
}

const split = /^(train|training|test|val|valid|validation|held_out|eval)[_./]/;

/** Charts of metrics: train/loss and val/loss share one, the part before the first slash is their group. */
export function charts(names: string[], together: boolean): ChartOf[] {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const title = together ? name.replace(split, "") || name : name;
    found.set(title, [...(found.get(title) ?? []), name]);
  }
  const group = (title: string): string => (title.includes("/") ? title.slice(0, title.indexOf("/")) : "");
  const all = [...found].flatMap(([title, keys]) => (keys.length > 6 ? keys.map((key) => ({ title: key, keys: [key], group: group(key) })) : [{ title, keys: keys.sort(), group: group(title) }]));
  // What has no prefix comes first, and of each group the loss.
  const first = (one: ChartOf): number => (/loss/.test(one.title) ? 0 : 1);
  return all.sort((a, b) => a.group.localeCompare(b.group) || first(a) - first(b) || a.title.localeCompare(b.title, "en", { numeric: true }));
}

/** What a group is called where it has no name. */
const groupName = (name: string): string => name || "Metrics";

export function CurvesTab({ live, start, moving, system, name }: { live: Live; start: number; moving: boolean; system: boolean; name: string }) {
  const view = useView(system ? "relative" : "step");
  // Fetched beside the first points, not after them.
  useEffect(() => void import("../../plot"), []);
  const summary = useSummary(live, (all) => {
    const names = Object.keys(all).filter((key) => key.startsWith("system/") === system);
    return { curves: names.filter((key) => isCurve(all[key]!)).sort(), single: names.filter((key) => !isCurve(all[key]!)).length };
  });
  const failed = useSummary(live, () => live.failed);
  const range = view.range?.join("~") ?? "";
  const zoom = useBook(live, range ? `${range}|${view.axis}` : "", 600);
  const all = useMemo(() => charts(summary.curves, view.together && !system), [summary.curves.join("\n"), view.together, system]);
  const opened = all.find((one) => one.title === view.open);
  const last = useRef("");
  useEffect(() => {
    if (opened) last.current = opened.title;
    else if (last.current) document.querySelector<HTMLElement>(`[data-chart="${CSS.escape(last.current)}"]`)?.focus();
  }, [opened?.title]);
  if (!summary.curves.length)
    return (
      <p class="muted">
        {moving
          ? "The first points have not landed yet. This page draws them as they come."
          : system
            ? "Nothing was measured of the machine. castalia.run measures every 5 seconds; MLflow's client does after mlflow.enable_system_metrics_logging()."
            : "No metric was logged more than once, so there is no curve."}
      </p>
    );
  const missing = failed && (
    <p class="notice warn" role="alert">
      Some curves could not be read.
      <button type="button" class="button little" onClick={() => live.refresh()}>
        Try again
      </button>
    </p>
  );
  if (opened)
    return (
      <>
        {missing}
        <Large key={opened.title} chart={opened} live={live} view={view} start={start} name={name} all={all} />
      </>
    );
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = all.filter((one) => words.every((word) => one.keys.some((key) => key.toLowerCase().includes(word))));
  const groups = [...new Set(wanted.map((one) => one.group))];
  return (
    <section class="stack" aria-label={system ? "Machine" : "Curves"}>
      {missing}
      <Controls view={view} system={system} many={all.length > 4} />
      {!wanted.length && (
        <p class="muted" role="status">
          No metric's name has “{view.text}” in it.
        </p>
      )}
      {groups.map((group) => {
        const some = wanted.filter((one) => one.group === group);
        const closed = view.closed.includes(group || "-");
        const tiles = (
          <div class="tiles">
            {some.map((one) => (
              <Tile key={one.title} chart={one} live={live} zoom={zoom} view={view} start={start} />
            ))}
          </div>
        );
        if (groups.length === 1) return tiles;
        return (
          <section key={group} aria-label={groupName(group)} class="stack tight">
            <h2 class="group-head">
              <button type="button" aria-expanded={!closed} onClick={() => setQuery({ closed: (closed ? view.closed.filter((one) => one !== (group || "-")) : [...view.closed, group || "-"]).join(",") })}>
                <Icon name={closed ? "right" : "down"} size={12} /> {groupName(group)} <span class="faint num">{some.length}</span>
              </button>
            </h2>
            {!closed && tiles}
          </section>
        );
      })}
      {summary.single > 0 && !view.text && <p class="faint small">{plural(summary.single, "metric")} with a single value: on Overview.</p>}
    </section>
  );
}

/** A further book while `name` is not empty, a new one for each name. */
function useBook(live: Live, name: string, points: number): Book | null {
  const [book, setBook] = useState<Book | null>(null);
  useEffect(() => {
    if (!name) return setBook(null);
    const made = live.open(points);
    setBook(made);
    return () => live.close(made);
  }, [name, live]);
  return name ? book : null;
}

function Tile({ chart, live, zoom, view, start }: { chart: ChartOf; live: Live; zoom: Book | null; view: View; start: number }) {
  const [table, setTable] = useState(false);
  const open = () => setQuery({ chart: chart.title }, false);
  const shown = chart.group ? chart.title.slice(chart.group.length + 1) : chart.title;
  return (
    <article class="tile" aria-label={chart.title}>
      <div class="tile-head">
        <h3>
          <button type="button" data-chart={chart.title} onClick={open} title={`Open ${chart.title}`}>
            {shown}
            <span class="hidden">: open the chart</span>
          </button>
        </h3>
        <button type="button" class="icon-button small" aria-pressed={table} aria-label={`Data of ${chart.title}`} title="Data" onClick={() => setTable(!table)}>
          <Icon name="table" size={14} />
        </button>
      </div>
      <CurveChart live={live} book={live.book} zoom={zoom} keys={chart.keys} view={view} start={start} height={150} table={table} onOpen={open} />
    </article>
  );
}

/** One chart alone: larger, with finer points, its data, and ways to take it along. */
function Large({ chart, live, view, start, name, all }: { chart: ChartOf; live: Live; view: View; start: number; name: string; all: ChartOf[] }) {
  const range = view.range?.join("~") ?? "";
  const book = useBook(live, chart.title, 3000);
  const zoom = useBook(live, range ? `${range}|${view.axis}|${chart.title}` : "", 3000);
  const [table, setTable] = useState(false);
  const plot = useRef<uPlot | undefined>(undefined);
  const head = useRef<HTMLHeadingElement>(null);
  const close = () => setQuery({ chart: "" }, false);
  const at = all.indexOf(chart);
  useLayoutEffect(() => {
    head.current?.focus();
    const key = (event: KeyboardEvent) => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox],[type=radio],[type=range])");
      if (event.key === "Escape" && !typing && !document.querySelector("dialog[open],.bell-box")) close();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  const download = async () => {
    const found = (await get<Record<string, Record<string, Curve>>>(seriesAddress(live.run, chart.keys, 100_000)))[live.run] ?? {};
    const rows = chart.keys.flatMap((key) => (found[key]?.step ?? []).map((step, i) => [key, step, found[key]!.time[i], found[key]!.value[i]]));
    save(fileName(name, chart.title, "csv"), sheet([["metric", "step", "time_ms", "value"], ...rows]));
  };
  const turn = (by: number) => setQuery({ chart: all[(at + by + all.length) % all.length]!.title });
  return (
    <section class="stack" aria-label={chart.title}>
      <div class="row apart">
        <h2 tabIndex={-1} ref={head} class="large-head">
          {chart.title}
        </h2>
        <span class="row">
          {all.length > 1 && (
            <>
              <button type="button" class="icon-button" aria-label="Previous chart" title="Previous chart" onClick={() => turn(-1)}>
                <Icon name="left" />
              </button>
              <button type="button" class="icon-button" aria-label="Next chart" title="Next chart" onClick={() => turn(1)}>
                <Icon name="right" />
              </button>
            </>
          )}
          <button type="button" class="button little" aria-pressed={table} onClick={() => setTable(!table)}>
            {table ? "Show chart" : "Data"}
          </button>
          <button type="button" class="button little" title="At most 100,000 points of a metric, thinned where there are more; castalia runs export has all" onClick={() => void download()}>
            CSV
          </button>
          <button type="button" class="button little" disabled={table} onClick={() => plot.current && picture(plot.current, chart, fileName(name, chart.title, "png"))}>
            PNG
          </button>
          <button type="button" class="button little" onClick={close}>
            All charts <kbd aria-hidden="true">Esc</kbd>
          </button>
        </span>
      </div>
      <Controls view={view} system={chart.title.startsWith("system/")} many={false} alone />
      {book && <CurveChart live={live} book={book} zoom={zoom} keys={chart.keys} view={view} start={start} height={420} large table={table} onPlot={(made) => (plot.current = made)} />}
      <p class="faint small" id="chart-keys">
        Drag over the chart for a range, double-click for all. With the keyboard: arrow keys move the cursor, with Shift by ten points.
      </p>
    </section>
  );
}

const fileName = (run: string, title: string, kind: string): string => `${`${run} ${title}`.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 100)}.${kind}`;

/** The drawing with its title and names, on paper. */
function picture(plot: uPlot, chart: ChartOf, name: string): void {
  const from = plot.ctx.canvas;
  const unit = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = from.width + 32 * unit;
  canvas.height = from.height + 64 * unit;
  const ink = canvas.getContext("2d")!;
  ink.fillStyle = token("--raised");
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.drawImage(from, 16 * unit, 48 * unit);
  ink.fillStyle = token("--ink");
  ink.font = `600 ${15 * unit}px ${token("--font")}`;
  ink.fillText(chart.title, 16 * unit, 28 * unit);
  ink.font = `${12 * unit}px ${token("--font")}`;
  let x = 16 * unit;
  if (chart.keys.length > 1)
    chart.keys.forEach((key, i) => {
      ink.fillStyle = token(`--c-${(i % 6) + 1}`);
      ink.fillText(key, x, 46 * unit);
      x += ink.measureText(key).width + 16 * unit;
    });
  canvas.toBlob((blob) => blob && save(name, blob));
}

/** `several` runs leave out what is about one; `alone` stands for one chart that is opened large. */
export function Controls({ view, system, many, alone = false, several = false }: { view: View; system: boolean; many: boolean; alone?: boolean; several?: boolean }) {
  const axes: Axis[] = ["step", "time", "relative"];
  const short = { step: "Step", time: "Time", relative: "Relative" };
  return (
    <form class="curve-controls" aria-label="How the curves are drawn" onSubmit={(event) => event.preventDefault()}>
      {(many || view.text) && (
        <label class="control grow">
          <span class="hidden">Search metrics</span>
          <input type="search" class="input" placeholder="Search metrics" value={view.text} autocomplete="off" spellcheck={false} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        </label>
      )}
      <div class="control">
        <span class="label" id="curve-x">
          X axis
        </span>
        <Segments label="X axis" labelledBy="curve-x" options={axes.map((one) => ({ value: one, label: short[one] }))} value={view.axis} onChange={(value) => setQuery({ x: value === (system ? "relative" : "step") ? "" : value, range: "" })} />
      </div>
      <label class="control smooth">
        <span class="label">
          Smoothing <span class="num">{view.smooth ? view.smooth.toFixed(2) : "off"}</span>
        </span>
        <input type="range" min={0} max={0.99} step={0.01} value={view.smooth} style={{ "--at": `${(view.smooth / 0.99) * 100}%` }} onInput={(event) => setQuery({ smooth: Number(event.currentTarget.value) ? event.currentTarget.value : "" })} title="Exponential moving average of the points shown, corrected at the start as in TensorBoard; the faint line is what was logged." />
      </label>
      <div class="control">
        <span class="label">Scale</span>
        <span class="row checks">
          <Check label="Log y" on={view.logY} set={(on) => setLog(view, "y", on)} />
          <Check label="Log x" on={view.logX} off={view.axis === "time"} set={(on) => setLog(view, "x", on)} />
          <Check label="Hide outliers" title="The y axis goes from the 1st to the 99th percentile. Nothing is taken out of the data." on={view.hideOutliers} set={(on) => setQuery({ outliers: on ? "hide" : "" })} />
          {!several && <Check label="Min and max" title="Lines at the lowest and the highest value of the whole run." on={view.extremes} set={(on) => setQuery({ extremes: on ? "show" : "" })} />}
          {!system && !several && !alone && <Check label="Train and test together" on={view.together} set={(on) => setQuery({ together: on ? "" : "no" })} />}
        </span>
      </div>
      <Range view={view} />
    </form>
  );
}

function Check({ label, on, set, off = false, title }: { label: string; on: boolean; set: (on: boolean) => void; off?: boolean; title?: string }) {
  return (
    <label class="check" title={title}>
      <input type="checkbox" checked={on} disabled={off} onChange={(event) => set(event.currentTarget.checked)} /> {label}
    </label>
  );
}

/** The range as numbers, for who does not drag. */
function Range({ view }: { view: View }) {
  const [from, to] = view.range ?? [null, null];
  const lowest = from === null ? "" : String(Number(from.toPrecision(6)));
  const highest = to === null || to === OPEN ? "" : String(Number(to.toPrecision(6)));
  const [low, setLow] = useState(lowest);
  const [high, setHigh] = useState(highest);
  useLayoutEffect(() => {
    setLow(lowest);
    setHigh(highest);
  }, [from, to]);
  const typed = useRef(false);
  const apply = () => {
    // A button that goes away gives the focus away too: only what was typed counts.
    if (!typed.current) return;
    typed.current = false;
    if (low === "" && high === "") return view.range && setRange(null);
    const one: [number, number] = [low === "" ? 0 : Number(low), high === "" ? OPEN : Number(high)];
    if (one.every(Number.isFinite) && one[0] < one[1] && String(one) !== String(view.range)) setRange(one);
  };
  const enter = (event: KeyboardEvent) => {
    if (event.key === "Enter") apply();
  };
  return (
    <div class="control" onFocusOut={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && apply()}>
      <span class="label">Range{view.axis === "relative" ? ", in seconds" : ""}</span>
      <span class="row whole">
        {view.axis === "time" ? (
          <span class="small">{view.range ? view.range.map((at) => new Date(at).toLocaleTimeString()).join(" to ") : "all"}</span>
        ) : (
          <>
            <input class="input little" inputMode="decimal" aria-label={`From ${axisNames[view.axis].toLowerCase()}`} placeholder="from" value={low} onInput={(event) => ((typed.current = true), setLow(event.currentTarget.value))} onKeyDown={enter} />
            <input class="input little" inputMode="decimal" aria-label={`To ${axisNames[view.axis].toLowerCase()}`} placeholder="to" value={high} onInput={(event) => ((typed.current = true), setHigh(event.currentTarget.value))} onKeyDown={enter} />
          </>
        )}
        {view.range && (
          <button type="button" class="button quiet little" onClick={() => setRange(null)}>
            All
          </button>
        )}
      </span>
    </div>
  );
}
