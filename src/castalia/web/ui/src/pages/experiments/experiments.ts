// Experiments as the server tells them, their addresses, and what is done to one.
import { get, send } from "../../api";
import { toast } from "../../components/toast";
import { duration, moment } from "../../format";
import { type Resource, useResource } from "../../resource";
import { go, href } from "../../router";

export interface Best {
  metric: string;
  /** Whether less of it is better. */
  down: boolean;
  run_id: string;
  name: string;
  value: number;
  runs: number;
}

export interface Experiment {
  id: number;
  name: string;
  lifecycle: "active" | "deleted";
  created: number;
  note: string;
  tags: Record<string, string>;
  archived: boolean;
  runs: number;
  statuses: Record<string, number>;
  /** Of its runs: put away; and those that come back with it from the trash. */
  away: number;
  gone: number;
  last: number | null;
  models: number;
  activity?: number[];
  best?: Best | null;
}

export interface Changes {
  name?: string;
  note?: string;
  tags?: Record<string, string | null>;
  archived?: boolean;
  /** Refused where it is otherwise now. */
  expected?: { name?: string; note?: string; tags?: Record<string, string | null> };
}

export const DAYS = 30;
const EVERY = 5000;

/** Minutes by which this browser's days begin earlier than in UTC. */
export const zone = (): number => -new Date().getTimezoneOffset();

const asked = (metric: string): string => `days=${DAYS}&zone=${zone()}${metric ? `&${new URLSearchParams({ metric })}` : ""}`;

export function useExperiments(metric: string): Resource<Experiment[]> {
  const path = `experiments?best=true&${asked(metric)}`;
  return useResource<Experiment[]>(path, (signal) => get(path, signal), EVERY);
}

export function useExperiment(id: number | undefined, metric: string): Resource<Experiment> {
  const path = id === undefined ? "" : `experiments/${id}?${asked(metric)}`;
  return useResource<Experiment>(path, (signal) => get(path, signal), EVERY);
}

/** A name with a step of an address in it would lead elsewhere: that one is found by its number. */
const stepping = (name: string): boolean => name.split(/[/\\]|%2f|%5c/i).some((part) => /^\.{1,2}$/.test(part.replace(/%2e/gi, ".")));

export const addressOf = (one: { id: number; name: string }): string => (stepping(one.name) ? `${href("experiments")}?id=${one.id}` : href("experiments", one.name));

/** The condition that finds its runs, as filters are written (docs/search.md). It has no escape: a name with both quotes is matched with _ for one. */
function condition(name: string): string {
  if (!name.includes("'")) return `experiment = '${name}'`;
  return name.includes('"') ? `experiment LIKE '${name.replace(/'/g, "_")}'` : `experiment = "${name}"`;
}

/** Runs of it, as the page of runs shows them; put-away ones among them where it has some. */
export function runsOf(one: Experiment, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ where: condition(one.name), ...(one.away ? { show: "all" } : {}), ...more });
  return `${href("runs")}?${query}`;
}

export const change = (id: number, changes: Changes): Promise<Experiment> => send("PATCH", `experiments/${id}`, changes);

/** Put it out of sight or back, with the way back. */
export async function archive(one: Experiment, archived: boolean, again: () => void): Promise<void> {
  await change(one.id, { archived });
  again();
  toast(archived ? `${one.name} is archived` : `${one.name} is back in the list`, async () => {
    await change(one.id, { archived: !archived });
    again();
  });
}

export async function rename(one: Experiment, name: string, again: () => void): Promise<void> {
  const call = async (from: Experiment, to: string): Promise<Experiment> => {
    const named = await change(from.id, { name: to, expected: { name: from.name } });
    // The address of its page follows the name, without a step back; another page stays where it is.
    if (location.pathname === href("experiments", from.name)) go(addressOf(named), true);
    again();
    return named;
  };
  const named = await call(one, name);
  toast(`${one.name} is now called ${name}`, () => call(named, one.name));
}

/** Into the trash with its runs, or out of it. */
export async function bin(one: Experiment, into: boolean, again: () => void): Promise<void> {
  const move = (to: "trash" | "restore"): Promise<Experiment> => send("POST", `experiments/${one.id}/${to}`);
  await move(into ? "trash" : "restore");
  again();
  toast(into ? `${one.name} is in the trash with its runs` : `${one.name} is restored`, async () => {
    await move(into ? "restore" : "trash");
    again();
  });
}

export const NOTE_LENGTH = 20_000;
export const NAME_LENGTH = 500;

/** How long a run took. */
export function took(run: { started?: unknown; ended?: unknown }): string {
  const [from, to] = [moment(run.started), moment(run.ended)];
  return from && to ? duration((to.getTime() - from.getTime()) / 1000) : "–";
}
