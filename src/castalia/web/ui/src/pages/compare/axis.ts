// Where a value lies on an axis, and its ticks: linear, logarithmic, time or choices.
import { number } from "../../format";
import { ticks } from "../../components/scatter";
import type { Column } from "./columns";

export interface Tick {
  at: number;
  label: string;
}

export interface Axis {
  /** From a value to pixels; NaN where it has no place. */
  place: (value: number) => number;
  /** And back. */
  value: (pixels: number) => number;
  ticks: Tick[];
}

export function span(values: Iterable<number | null | undefined>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const one of values)
    if (typeof one === "number" && Number.isFinite(one)) {
      if (one < low) low = one;
      if (one > high) high = one;
    }
  return low <= high ? [low, high] : [0, 1];
}

/** A little room at both ends, and some where all values are one. */
export function roomy([low, high]: [number, number], log = false, share = 0.04): [number, number] {
  if (log) return low === high ? [low / 2, high * 2] : [low / (high / low) ** share, high * (high / low) ** share];
  const room = low === high ? Math.abs(low) * 0.1 || 1 : (high - low) * share;
  return [low - room, high + room];
}

export function axis(kind: "linear" | "log" | "time", [low, high]: [number, number], from: number, to: number, wanted = 5): Axis {
  const [a, b] = kind === "log" ? [Math.log10(low), Math.log10(high)] : [low, high];
  const width = b - a || 1;
  const place = (value: number): number => from + (((kind === "log" ? Math.log10(value) : value) - a) / width) * (to - from);
  const value = (pixels: number): number => {
    const found = a + ((pixels - from) / (to - from)) * width;
    return kind === "log" ? 10 ** found : found;
  };
  if (kind === "time") return { place, value, ticks: clock(low, high, wanted) };
  const at = kind === "log" ? decades(low, high, wanted) : ticks(low, high, wanted).filter((one) => one >= low && one <= high);
  return { place, value, ticks: at.map((one) => ({ at: one, label: kind === "log" ? String(Number(one.toPrecision(1))) .replace("e-", "e−") : short(one) })) };
}

const short = (value: number): string => (Math.abs(value) >= 10_000 && Math.abs(value) < 1e9 ? `${number(Number((value / 1000).toFixed(1)))}k` : number(value));

/** Powers of ten; with 2 and 5 of each where there are few. */
function decades(low: number, high: number, wanted: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / wanted));
  const pieces = last - first <= 2 ? [1, 2, 5] : [1];
  const all: number[] = [];
  for (let e = first; e <= last; e += every) for (const one of pieces) all.push(one * 10 ** e);
  return all.filter((one) => one >= low * (1 - 1e-9) && one <= high * (1 + 1e-9));
}

function clock(low: number, high: number, wanted: number): Tick[] {
  const steps = [1e3, 5e3, 15e3, 6e4, 3e5, 9e5, 36e5, 108e5, 216e5, 864e5, 6048e5, 26784e5, 315576e5];
  const step = steps.find((one) => one >= (high - low) / wanted) ?? steps[steps.length - 1]!;
  const zone = new Date(low).getTimezoneOffset() * 6e4;
  const all: Tick[] = [];
  for (let at = Math.ceil((low - zone) / step) * step + zone; at <= high; at += step)
    all.push({ at, label: new Date(at).toLocaleString("en-GB", step >= 864e5 ? { day: "numeric", month: "short" } : step >= 6e4 ? { hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit", second: "2-digit" }) });
  return all;
}

/** The axis of a column: choices stand at even distances. */
export function axisOf(column: Column, from: number, to: number, wanted = 5): Axis {
  if (column.kind === "choice") {
    const count = column.choices.length;
    const place = (value: number): number => from + ((value + 0.5) / count) * (to - from);
    return { place, value: (pixels) => ((pixels - from) / (to - from)) * count - 0.5, ticks: column.choices.map((label, at) => ({ at, label })) };
  }
  return axis(column.log ? "log" : "linear", roomy(span(column.values), column.log), from, to, wanted);
}
