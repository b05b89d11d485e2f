// What is set above the curves, kept in the address.
import { setQuery, usePlace } from "../../router";
import type { Axis, Shape } from "./shaping";

export interface View extends Shape {
  /** Part of a metric's name. */
  text: string;
  /** The chart that is opened large; "" for none. */
  open: string;
  closed: string[];
  together: boolean;
}

/** The end of a range that has none. */
export const OPEN = Number.MAX_SAFE_INTEGER;

const AXES: readonly Axis[] = ["step", "time", "relative"];

export function read(query: URLSearchParams, axis: Axis): View {
  const named = query.get("x") as Axis | null;
  const smooth = Number(query.get("smooth"));
  const range = (query.get("range") ?? "").split("~").map(Number);
  const log = query.get("log") ?? "";
  return {
    axis: named && AXES.includes(named) ? named : axis,
    smooth: smooth > 0 && smooth < 1 ? Math.min(smooth, 0.999) : 0,
    logX: log.includes("x"),
    logY: log.includes("y"),
    hideOutliers: query.get("outliers") === "hide",
    extremes: query.get("extremes") === "show",
    range: range.length === 2 && range.every(Number.isFinite) && range[0]! < range[1]! && query.get("range") ? [range[0]!, range[1]!] : null,
    text: query.get("q") ?? "",
    open: query.get("chart") ?? "",
    closed: (query.get("closed") ?? "").split(",").filter(Boolean),
    together: query.get("together") !== "no",
  };
}

export function useView(axis: Axis): View {
  const { query } = usePlace();
  return read(query, axis);
}

const short = (value: number): string => String(Number(value.toPrecision(16)));

export const setRange = (range: [number, number] | null): void => setQuery({ range: range ? range.map(short).join("~") : "" });

export const setLog = (view: View, which: "x" | "y", on: boolean): void => setQuery({ log: (["x", "y"] as const).filter((one) => (one === which ? on : one === "x" ? view.logX : view.logY)).join(""), ...(which === "x" ? { range: "" } : {}) });
