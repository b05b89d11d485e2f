// What is compared and how it is shown: runs and their order, who is hidden, inks, groups. All of it is the address.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { request } from "../../api";
import { type Resource, useResource } from "../../resource";
import { go, setQuery } from "../../router";
import type { Num, RunDetail } from "../../types";

export interface Section {
  name: string;
  field: "" | "params" | "metrics" | "tags";
  keys: { key: string; differs: boolean }[];
}

export interface Group {
  name: string;
  run_ids: string[];
}

export interface Compared {
  runs: RunDetail[];
  total: number;
  differing: { params: string[]; metrics: string[]; tags: string[] };
  sections: Section[];
  groups: Group[];
}

/** A run with its place in the legend. */
export interface Shown {
  run: RunDetail;
  id: string;
  /** Its name, with a piece of its id where another has the same. */
  name: string;
  ink: number;
  hidden: boolean;
  group: number;
}

export interface Comparison extends Compared {
  all: Shown[];
  /** Those that are not hidden. */
  shown: Shown[];
  by: string;
  /** Runs whose curves may move while the page is open; `live`: some still go on. */
  moving: string[];
  live: boolean;
}

export const INKS = 6;
export const LOOKS = 36;
export const dashes = ["", "8 4", "2 4", "10 3 2 3", "5 5", "12 4"];

export const stroke = (ink: number) => ({ stroke: `var(--c-${(ink % INKS) + 1})`, "stroke-dasharray": dashes[Math.floor(ink / INKS) % dashes.length]! });
export const fill = (ink: number): string => `var(--c-${(ink % INKS) + 1})`;

const list = (text: string | null): string[] => (text ?? "").split(",").filter(Boolean);

/** The part of the address that says which runs: ids, or a filter. */
export function chosen(query: URLSearchParams): string {
  const asked = new URLSearchParams();
  for (const id of query.getAll("run")) asked.append("run", id);
  if (!asked.has("run")) for (const name of ["experiment", "filter"]) if (query.get(name)) asked.set(name, query.get(name)!);
  return asked.toString();
}

/** How often what goes on is asked for again, in milliseconds: the list of runs, and a curve. */
export const LOOK = 3000;
export const SAMPLE = 1000;

const goesOn = (run: RunDetail): boolean => run.status === "running" || run.status === "queued";

/** Asks for `path`, again and again where `every` is not 0. An answer that says nothing new is the old one, so that nothing is drawn for it. */
export function useSame<T>(path: string, every: number): Resource<T> {
  const last = useRef({ path: "", text: "", value: undefined as T | undefined });
  return useResource<T>(
    path,
    async (signal) => {
      const text = await (await request(path, { headers: { accept: "application/json" }, signal })).text();
      if (last.current.path !== path || last.current.text !== text) last.current = { path, text, value: JSON.parse(text) as T };
      return last.current.value!;
    },
    every,
  );
}

export function useComparison(query: URLSearchParams): Resource<Compared> & { stale: boolean } {
  const which = chosen(query);
  const by = query.get("group") ?? "";
  const path = which ? `runs/compare?${which}${by ? `&by=${encodeURIComponent(by)}` : ""}` : "";
  const [live, setLive] = useState(false);
  const found = useSame<Compared>(path, live ? LOOK : 0);
  const going = found.value?.runs.some(goesOn) ?? false;
  useEffect(() => setLive(going), [going]);
  // Runs in another order, or one less: what was there stays until the answer has come.
  const last = useRef<Compared>(undefined);
  if (found.value || found.problem || !which) last.current = found.value;
  return { ...found, value: last.current, stale: last.current !== found.value };
}

/** Ids of the runs that went on when this comparison was opened, or later, and whether any still does. */
export function useMoving(value: Compared | undefined): { moving: string[]; live: boolean } {
  const seen = useRef(new Set<string>());
  return useMemo(() => {
    const now = (value?.runs ?? []).filter(goesOn);
    for (const run of now) seen.current.add(run.run_id);
    return { moving: (value?.runs ?? []).map((run) => run.run_id).filter((id) => seen.current.has(id)), live: now.length > 0 };
  }, [value]);
}

/** The answer of the server with what the address says of it: its runs in its order, also before they are answered anew. */
export function arranged(value: Compared, query: URLSearchParams, { moving, live }: { moving: string[]; live: boolean }): Comparison {
  const hidden = new Set(list(query.get("hide")));
  const inks = new Map(list(query.get("ink")).map((one) => [one.slice(0, one.lastIndexOf(":")), Number(one.slice(one.lastIndexOf(":") + 1))]));
  const places = new Map(query.getAll("run").map((id, i) => [id, i]));
  const runs = places.size ? value.runs.filter((run) => places.has(run.run_id)).sort((a, b) => places.get(a.run_id)! - places.get(b.run_id)!) : value.runs;
  const names = new Map<string, number>();
  for (const run of runs) names.set(run.name ?? "", (names.get(run.name ?? "") ?? 0) + 1);
  const group = new Map(value.groups.flatMap((one, i) => one.run_ids.map((id) => [id, i] as const)));
  const all = runs.map((run, i): Shown => {
    const known = run.name ?? "";
    const own = inks.get(run.run_id);
    const place = group.get(run.run_id) ?? -1;
    const ink = place >= 0 ? place : own !== undefined && own >= 0 && own < LOOKS && Number.isInteger(own) ? own : i % LOOKS;
    return { run, id: run.run_id, name: !known ? run.run_id.slice(0, 8) : names.get(known)! > 1 ? `${known} · ${run.run_id.slice(-6)}` : known, ink, hidden: hidden.has(run.run_id), group: place };
  });
  return { ...value, runs, all, shown: all.filter((one) => !one.hidden), by: value.groups.length ? (query.get("group") ?? "") : "", moving, live };
}

/** Write the runs, in this order, into the address in the place of whatever chose them. */
export function setRuns(ids: string[]): void {
  const query = new URLSearchParams(location.search);
  const hidden = list(query.get("hide")).filter((id) => ids.includes(id));
  for (const name of ["run", "experiment", "filter", "hide"]) query.delete(name);
  const first = new URLSearchParams(ids.map((id) => ["run", id]));
  for (const [name, value] of query) first.append(name, value);
  if (hidden.length) first.set("hide", hidden.join(","));
  go(`${location.pathname}?${first}`, true);
}

export const setHidden = (ids: string[]): void => setQuery({ hide: ids.join(",") });

export function setInk(all: Shown[], id: string, ink: number): void {
  // Only what differs from the order is written.
  const told = all.flatMap((one, i) => {
    const now = one.id === id ? ink : one.ink;
    return now === i % LOOKS ? [] : [`${one.id}:${now}`];
  });
  setQuery({ ink: told.join(",") });
}

export const text = (value: unknown): string => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** What a run says under a name of a section. */
export function said(run: RunDetail, field: Section["field"], key: string): Num | unknown {
  return field ? (run[field] as Record<string, unknown> | undefined)?.[key] : (run as unknown as Record<string, unknown>)[key];
}
