// A number as a place between two inks; what has no number is the ink of lines.
import type { Column } from "./columns";
import { fill } from "./comparison";

/** For each run a colour: choices take the six inks, numbers go from the third to the second. */
export function shades(column: Column): (string | null)[] {
  if (column.kind === "choice") return column.values.map((one) => (one === null ? null : fill(one)));
  return ranks(column).map((one) => (one === null ? null : `color-mix(in oklab, var(--c-2) ${Math.round(one * 100)}%, var(--c-3))`));
}

/** Where each value stands from lowest (0) to highest (1), on the logarithm where the axis has it. */
export function ranks(column: Column): (number | null)[] {
  const placed = column.values.map((one) => (one === null ? null : column.log ? Math.log(one) : one));
  const known = placed.filter((one): one is number => one !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return placed.map((one) => (one === null ? null : high > low ? (one - low) / (high - low) : 0.5));
}
