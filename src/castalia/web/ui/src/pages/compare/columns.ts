// One value a run, as an axis needs it: a metric (last, lowest, highest) or a param, numbers or choices.
import { real } from "../run/shaping";
import type { Comparison, Shown } from "./comparison";

export interface Column {
  field: string;
  label: string;
  kind: "number" | "choice";
  /** A number a run; of choices their place in `choices`; null where the run says nothing that has a place. */
  values: (number | null)[];
  choices: string[];
  log: boolean;
}

const kinds = [
  ["metrics", "Metrics, last value"],
  ["min", "Metrics, lowest"],
  ["max", "Metrics, highest"],
  ["params", "Params"],
] as const;

export interface Choices {
  label: string;
  options: { value: string; label: string }[];
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));

/** Everything that can stand on an axis. */
export function fields(all: Comparison): Choices[] {
  const metrics = sorted(all.runs.flatMap((run) => Object.keys(run.metrics ?? {}).filter((key) => !key.startsWith("system/"))));
  const params = sorted(all.differing.params);
  const rest = sorted(all.runs.flatMap((run) => Object.keys(run.params ?? {}))).filter((key) => !all.differing.params.includes(key));
  return kinds.map(([kind, label]) => ({ label, options: (kind === "params" ? [...params, ...rest] : metrics).map((key) => ({ value: `${kind}.${key}`, label: key })) })).filter((one) => one.options.length > 0);
}

export const named = (field: string): string => {
  const [kind, key] = [field.slice(0, field.indexOf(".")), field.slice(field.indexOf(".") + 1)];
  return kind === "min" ? `${key} (lowest)` : kind === "max" ? `${key} (highest)` : key;
};

function raw(one: Shown, field: string): unknown {
  const [kind, key] = [field.slice(0, field.indexOf(".")), field.slice(field.indexOf(".") + 1)];
  if (kind === "params") return one.run.params?.[key];
  if (kind === "metrics") return one.run.metrics?.[key];
  return one.run.summary?.[key]?.[kind as "min" | "max"];
}

/** A text as a number; null where it is none. */
function parsed(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const found = typeof value === "string" && !/^-?Infinity$/.test(value) ? Number(value) : real(value as number);
  return Number.isFinite(found) ? found : null;
}

export function column(shown: Shown[], field: string): Column {
  const values = shown.map((one) => raw(one, field));
  const known = values.filter((one) => one !== null && one !== undefined);
  const numbers = values.map(parsed);
  const label = named(field);
  if (!field.startsWith("params.") || numbers.filter((one) => one !== null).length >= 0.9 * Math.max(1, known.length)) {
    const there = numbers.filter((one): one is number => one !== null);
    const [low, high] = [Math.min(...there), Math.max(...there)];
    // A learning rate of 0.1, 0.01, 0.001 is told apart on a logarithmic axis only.
    return { field, label, kind: "number", values: numbers, choices: [], log: field.startsWith("params.") && low > 0 && high / low >= 50 };
  }
  const choices = sorted(known.map(String));
  return { field, label, kind: "choice", values: values.map((one) => (one === null || one === undefined ? null : choices.indexOf(String(one)))), choices, log: false };
}

/** Params that differ: first those with several values, those that most of the runs have; sentences and seeds last. */
export function telling(all: Comparison): string[] {
  const having = (key: string): number => all.runs.filter((run) => run.params?.[key] !== undefined).length;
  const late = (key: string): number => Number(/(^|[._/-])(seed|random_state|fold)$/i.test(key));
  const several = (key: string): number => Number(new Set(all.runs.flatMap((run) => (run.params?.[key] === undefined ? [] : [String(run.params[key])]))).size > 1);
  const wordy = (key: string): number => Number(all.runs.some((run) => String(run.params?.[key] ?? "").length > 40));
  return [...all.differing.params].sort((a, b) => several(b) - several(a) || wordy(a) - wordy(b) || late(a) - late(b) || having(b) - having(a) || a.localeCompare(b, "en", { numeric: true }));
}

/** The metric that a question is probably about: held out before trained, the loss or accuracy. */
export function foremost(all: Comparison): string {
  const [first] = fields(all);
  const names = first?.label.startsWith("Metrics") ? first.options.map((one) => one.label) : [];
  const rank = (name: string): number => [/^(test|val|valid|validation|held_out|eval)[_./].*(loss|acc|auc|f1)/, /^(test|val|valid|validation|held_out|eval)[_./]/, /(loss|accuracy|auc|f1)/].findIndex((one) => one.test(name)) >>> 0;
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))[0] ?? "";
}
