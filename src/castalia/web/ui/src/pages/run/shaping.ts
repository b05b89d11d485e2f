// What is done to a series between the server and the canvas: axes, smoothing, thinning, what has no place on an axis.
import type { Curve, Num } from "../../types";

/** One series as it is kept here: NaN and infinities are numbers again. */
export interface Series {
  step: number[];
  time: number[];
  value: number[];
}

export type Axis = "step" | "time" | "relative";

export interface Shape {
  axis: Axis;
  /** Weight of the moving average, 0 for none. */
  smooth: number;
  logX: boolean;
  logY: boolean;
  hideOutliers: boolean;
  extremes: boolean;
  /** In units of the axis: steps, ms since 1970, seconds since the start. */
  range: [number, number] | null;
}

/** A value that is nowhere on the axis, with where it was logged. */
export interface Lost {
  x: number;
  what: "NaN" | "∞" | "−∞" | "≤ 0";
}

export interface Shaped {
  x: number[];
  raw: (number | null)[];
  smooth: (number | null)[] | null;
  lost: Lost[];
  /** The axis that was used: a series whose steps are not counted has only its time. */
  axis: Axis;
}

export const real = (value: Num): number => (typeof value === "number" ? value : value === "Infinity" ? Infinity : value === "-Infinity" ? -Infinity : NaN);

export const received = (curve: Curve): Series => ({ step: curve.step, time: curve.time, value: curve.value.map(real) });

/** At most `most` points: first and last, the lowest and the highest of equal parts, one NaN of each part. */
export function thinned(x: number[], value: number[], most: number): number[] {
  const n = x.length;
  if (n <= most) return Array.from(x, (_, i) => i);
  const parts = Math.max(1, Math.floor((most - 2) / 3));
  const low = x[0]!;
  const width = (x[n - 1]! - low) / parts || 1;
  const kept: number[] = [0];
  let at = 1;
  for (let part = 0; part < parts && at < n - 1; part++) {
    const end = low + width * (part + 1);
    let min = -1;
    let max = -1;
    let lost = -1;
    for (; at < n - 1 && (x[at]! < end || part === parts - 1); at++) {
      const v = value[at]!;
      if (Number.isNaN(v)) lost = at;
      else {
        if (min < 0 || v < value[min]!) min = at;
        if (max < 0 || v > value[max]!) max = at;
      }
    }
    for (const one of [min, max, lost].sort((a, b) => a - b)) if (one >= 0 && one !== kept[kept.length - 1]) kept.push(one);
  }
  kept.push(n - 1);
  return kept;
}

export function picked(series: Series, at: number[]): Series {
  return { step: at.map((i) => series.step[i]!), time: at.map((i) => series.time[i]!), value: at.map((i) => series.value[i]!) };
}

/** The exponential moving average of TensorBoard: each value counts `1 - weight`, and the start is not drawn to zero. */
export function averaged(values: number[], weight: number): (number | null)[] {
  let last = 0;
  let seen = 0;
  const first = values.find(Number.isFinite);
  const constant = values.every((one) => !Number.isFinite(one) || one === first);
  return values.map((value) => {
    if (!Number.isFinite(value)) return null;
    if (constant) return value;
    seen += 1;
    last = last * weight + (1 - weight) * value;
    return last / (1 - weight ** seen);
  });
}

/** The value below which a share of the finite ones lies, between the two nearest. */
export function quantile(sorted: number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return sorted[low]! + (next - sorted[low]!) * (at - low);
}

const counted = (series: Series): boolean => series.step.length < 2 || series.step[0] !== series.step[series.step.length - 1];

export const axisOf = (series: Series, axis: Axis): Axis => (axis === "step" && !counted(series) ? "relative" : axis);

/** Where the points lie on the axis. `start` is the run's, in ms. */
export function along(series: Series, axis: Axis, start: number): number[] {
  if (axis === "step") return series.step;
  return axis === "time" ? series.time : series.time.map((at) => (at - start) / 1000);
}

/** A series as it is to be drawn `width` pixels wide. */
export function shaped(series: Series, shape: Shape, start: number, width: number): Shaped {
  const axis = axisOf(series, shape.axis);
  let x = along(series, axis, start);
  let value = series.value;
  if (axis !== "step" && x.some((at, i) => i > 0 && at < x[i - 1]!)) {
    // A clock that went back: along the time, points go by the time.
    const order = Array.from(x, (_, i) => i).sort((a, b) => x[a]! - x[b]!);
    x = order.map((i) => x[i]!);
    value = order.map((i) => series.value[i]!);
  }
  const smooth = shape.smooth > 0 ? averaged(value, shape.smooth) : null;
  let keep = thinned(x, value, Math.max(64, width * 2));
  if (shape.logX) keep = keep.filter((i) => x[i]! > 0);
  const lost: Lost[] = [];
  const place = (v: number | null, at: number | undefined): number | null => {
    if (v !== null && Number.isFinite(v) && !(shape.logY && v <= 0)) return v;
    if (at !== undefined) lost.push({ x: at, what: v === null || Number.isNaN(v) ? "NaN" : v === Infinity ? "∞" : v === -Infinity ? "−∞" : "≤ 0" });
    return null;
  };
  const at = keep.map((i) => x[i]!);
  return { x: at, raw: keep.map((i, n) => place(value[i]!, at[n])), smooth: smooth && keep.map((i) => place(smooth[i]!, undefined)), lost, axis };
}

/** Where the y axis goes without outliers: from the 1st to the 99th percentile, and how many points are beyond. */
export function inner(columns: (number | null)[][]): { low: number; high: number; beyond: number } | null {
  const all = columns.flat().filter((one): one is number => one !== null).sort((a, b) => a - b);
  if (all.length < 8) return null;
  const low = quantile(all, 0.01);
  const high = quantile(all, 0.99);
  if (!(high > low)) return null;
  return { low, high, beyond: all.filter((one) => one < low || one > high).length };
}

/** One x for several columns: the union; `undefined` where a column has no point there, which is no gap. */
export function joined(parts: { x: number[]; columns: (number | null)[][] }[]): (number | null | undefined)[][] {
  const [first] = parts;
  if (!first) return [[]];
  if (parts.length === 1) return [first.x, ...first.columns];
  const xs = [...new Set(parts.flatMap((one) => one.x))].sort((a, b) => a - b);
  const place = new Map(xs.map((at, i) => [at, i]));
  const out: (number | null | undefined)[][] = [xs];
  for (const { x, columns } of parts)
    for (const column of columns) {
      const wide: (number | null | undefined)[] = new Array<undefined>(xs.length).fill(undefined);
      x.forEach((at, i) => (wide[place.get(at)!] = column[i]!));
      out.push(wide);
    }
  return out;
}

/** The steps of a series that a range of the axis covers, one point further on each side; null for all. */
export function steps(series: Series, axis: Axis, range: [number, number], start: number): [number, number] | null {
  const used = axisOf(series, axis);
  if (used === "step") return [Math.floor(range[0]), Math.ceil(range[1])];
  const x = along(series, used, start);
  let low = Infinity;
  let high = -Infinity;
  x.forEach((at, i) => {
    const [before, after] = [x[i - 1] ?? at, x[i + 1] ?? at];
    if (after >= range[0] && before <= range[1]) {
      low = Math.min(low, series.step[i]!);
      high = Math.max(high, series.step[i]!);
    }
  });
  return low <= high ? [low, high] : null;
}
