// Numbers, times and sizes as a person reads them.

// Made once: to make one for each number costs more than the rest of a cell.
const figures = [0, 1, 2, 4].map((digits) => new Intl.NumberFormat("en", { maximumFractionDigits: digits }));

/** Four significant digits, thousands grouped, exponents only where they help; NaN and infinity by name. */
export function number(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return ({ NaN: "NaN", Infinity: "∞", "-Infinity": "−∞" } as Record<string, string>)[value] ?? value;
  if (typeof value !== "number") return String(value);
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(2).replace("e", " e").replace("-", "−");
  if (Number.isInteger(value)) return figures[0]!.format(value).replace("-", "−");
  return figures[size >= 1000 ? 1 : size >= 100 ? 2 : 3]!.format(value).replace("-", "−");
}

/** A number in a column: as many digits in every row, so that points stand below each other. */
export const aligned = (value: unknown): string => (typeof value === "number" && !Number.isInteger(value) && Math.abs(value) >= 1e-4 && Math.abs(value) < 100 ? value.toFixed(4).replace("-", "−") : number(value));

/** Marks that turn the direction of what stands behind them. */
export const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text without them, for a line of other words. */
export const calm = (text: string): string => text.replace(turning, "");

export const percent = (share: number): string => (share < 0.00005 ? "0 %" : `${(share * 100).toFixed(share > 0.0995 && share < 0.9995 ? 1 : 2)} %`);

/** +0.031, −4.2 pts: a change is always signed. */
export const signed = (value: number, write: (size: number) => string = number): string =>
  `${value > 0 ? "+" : value < 0 ? "−" : "±"}${write(Math.abs(value))}`;

/** Times come as ISO text, seconds or milliseconds since 1970. */
export function moment(value: unknown): Date | null {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return new Date(value < 1e11 ? value * 1000 : value);
  const date = new Date(String(value));
  return Number.isNaN(date.getTime()) ? null : date;
}

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function ago(date: Date, now = Date.now()): string {
  const seconds = (now - date.getTime()) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 5400) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  if (seconds < 2592000) return `${Math.round(seconds / 86400)} days ago`;
  return date.toISOString().slice(0, 10);
}

export function bytes(size: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** "monthly_charges" and "MonthlyCharges" as words; a name with spaces stays what it is. */
export function words(name: string): string {
  if (/\s/.test(name)) return name;
  const spaced = name
    .replace(/_/g, " ")
    .replace(/([a-z0-9])([A-Z][a-z])/g, "$1 $2")
    .replace(/([a-z])([A-Z])/g, "$1 $2");
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
