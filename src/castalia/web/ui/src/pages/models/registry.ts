// What the pages of models ask of the server, and the words they share.
import { useState } from "preact/hooks";
import { get, part, send } from "../../api";
import { toast } from "../../components/toast";
import { calm, turning } from "../../format";
import { type Resource, useResource } from "../../resource";
import type { Code, LoggedModel, Model, Num, RunDetail, Version } from "../../types";

export const CHAMPION = "champion";
export const STAGES = ["None", "Staging", "Production", "Archived"];
/** As many versions, the newest, come with a model. */
const VERSIONS = 1000;

export interface DataSet {
  name: string;
  digest: string;
  version: number | null;
  use: string;
  source: string;
  licence: string;
  research_only: boolean | null;
}

/** GET /models/{name}/versions/{version}: what a version came of. */
export interface Lineage {
  version: Version;
  run: RunDetail | null;
  code: Code;
  logged: LoggedModel | null;
  inputs: { model_id: string; name: string }[];
  data: DataSet[];
}

export interface Promotion {
  id: number;
  alias: string;
  version: number | null;
  before: number | null;
  time: number;
  who: string;
  reason: string;
}

export const modelAt = (name: string): string => `models/${part(name)}`;
export const versionAt = (name: string, version: number): string => `${modelAt(name)}/versions/${version}`;
export const loadModel = (name: string) => (signal: AbortSignal): Promise<Model> => get<Model>(modelAt(name), signal);

/** Versions older than those that a page of a model brings; `show` fetches the next of them. */
export function useOlder(model: Model): { versions: Version[]; more: boolean; show: () => Promise<void> } {
  const [older, setOlder] = useState<{ versions: Version[]; last: number; more: boolean }>();
  const known = new Set(model.versions.map((one) => one.version));
  // Whatever an alias means comes with the model, so none means these any more.
  const held = new Map((older?.versions ?? []).map((one) => [one.version, one]));
  const rest = [...held.values()].filter((one) => !known.has(one.version)).map((one) => ({ ...one, aliases: [] }));
  const versions = [...model.versions, ...rest].sort((a, b) => b.version - a.version);
  return {
    versions,
    more: older?.more ?? model.more ?? false,
    show: async () => {
      // Behind the newest stand those that only an alias brings.
      const before = older?.last ?? model.versions[VERSIONS - 1]?.version;
      if (before === undefined) return;
      const next = await get<Model>(`${modelAt(model.name)}?before=${before}`);
      // What is shown stays, though newer ones may push it out of what comes with the model.
      const last = next.versions[next.versions.length - 1]?.version ?? before;
      setOlder({ versions: [...model.versions, ...(older?.versions ?? []), ...next.versions], last, more: next.more ?? false });
    },
  };
}

/** One version of a model, fetched alone where the page of its model does not bring it. */
export function useVersion(model: Model, wanted: number): Resource<Version | undefined> {
  const known = model.versions.find((one) => one.version === wanted);
  const path = !known && model.more && Number.isSafeInteger(wanted) && wanted > 0 ? versionAt(model.name, wanted) : "";
  const alone = useResource<Version | undefined>(path, (signal) => get<Lineage>(path, signal).then((one) => one.version), 15_000);
  return known ? { ...alone, value: known } : alone;
}

/** What an alias means on the page now; undefined where it is not set. */
type Means = number | undefined;

/**
 * Point an alias at a version, and offer to take it back; `null` takes the alias away. It is refused where the alias
 * does not mean `before` any more: what the page shows may be older than what somebody else did.
 */
export async function promote(model: Model, alias: string, version: number | null, reason: string, done: () => void, before: Means = model.aliases?.[alias]): Promise<void> {
  await point(model.name, alias, version, reason, before);
  done();
  toast(version === null ? `${isolated(model.name)}@${alias} was taken away` : `${isolated(model.name)}@${alias} is version ${version} now`, async () => {
    try {
      await point(model.name, alias, before ?? null, "Undone.", version ?? undefined);
    } finally {
      done();
    }
  });
}

/** `expected` is what the alias must mean still; undefined: it must not be set. */
async function point(model: string, alias: string, version: number | null, reason: string, expected: Means): Promise<void> {
  if (version !== null) await send("POST", `${modelAt(model)}/promotions`, { alias, version, reason, expected: expected ?? null });
  else await send("DELETE", `${modelAt(model)}/aliases/${part(alias)}${expected === undefined ? "" : `?expected=${expected}`}`);
}

/** Of all versions: what most of them measured, held-out numbers first. */
export function metricsOf(versions: Version[]): string[] {
  const counts = new Map<string, number>();
  for (const one of versions) for (const name of Object.keys(one.metrics ?? {})) counts.set(name, (counts.get(name) ?? 0) + 1);
  const held = (name: string): number => (/^(test|held_out|val|valid|validation|eval)[_./]/.test(name) ? 0 : /^train/.test(name) ? 2 : 1);
  return [...counts].sort((a, b) => held(a[0]) - held(b[0]) || b[1] - a[1] || a[0].localeCompare(b[0])).map(([name]) => name);
}

export const size = (value: Num | undefined): number => (typeof value === "number" ? value : Number.NaN);

export const tagged = (tags: Record<string, string> | undefined): string[] => Object.entries(tags ?? {}).map(([name, value]) => `${name}:${value}`);

/** A name in a line of other words: marks that turn the direction of writing end with it. */
export const isolated = (name: string): string => (calm(name) !== name ? `\u2068${name}\u2069` : name);

const escaped = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A text as Python and JavaScript write it; what would turn the line around is written by its number. */
export const literal = (text: string): string => JSON.stringify(text).replace(/[\u2028\u2029]/g, escaped).replace(turning, escaped);

/** Whether a line for the shell shows what it is. */
export const plain = (name: string): boolean => calm(name) === name && !/[\p{C}]/u.test(name);

/** Who did it: a token's name, or whoever sits at this machine. */
export const who = (name: string): string => (name === "loopback" ? "on this machine" : name || "–");
