// What is done to many runs at once, in the portions that the server takes.
import { get, send } from "../../api";
import { save, sheet } from "../../csv";
import type { RunRow } from "../../types";
import { holding } from "./address";
import type { Column } from "./columns";
import { valueOf } from "./cells";

const AT_ONCE = 1000;
const IDS_IN_ADDRESS = 150;

/** Runs that were ticked, or all that the question finds. */
export interface Chosen {
  ids: string[];
  all: string | undefined;
  count: number;
}

interface Page {
  items: RunRow[];
  total: number;
}

async function pages(query: string, take: (rows: RunRow[]) => void): Promise<void> {
  for (let offset = 0; ; offset += AT_ONCE) {
    const page = await get<Page>(`runs?${query}&limit=${AT_ONCE}&offset=${offset}`);
    take(page.items);
    if (page.items.length < AT_ONCE) return;
  }
}

export async function idsOf(chosen: Chosen): Promise<string[]> {
  if (chosen.all === undefined) return chosen.ids;
  const ids: string[] = [];
  await pages(`${chosen.all}&${holding([])}`, (rows) => ids.push(...rows.map((row) => row.run_id)));
  return ids;
}

async function inPortions(path: string, ids: string[], more: object = {}): Promise<string[]> {
  const changed: string[] = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const said = await send<{ run_ids: string[] }>("POST", path, { run_ids: ids.slice(at, at + AT_ONCE), ...more });
    changed.push(...said.run_ids);
  }
  return changed;
}

export const trash = (ids: string[]): Promise<string[]> => inPortions("trash", ids);
export const restore = (ids: string[]): Promise<string[]> => inPortions("trash/restore", ids);
export const remove = (ids: string[]): Promise<string[]> => inPortions("trash/remove", ids);
export const archive = (ids: string[], archived: boolean): Promise<string[]> => inPortions("runs/archive", ids, { archived });

export interface Size {
  runs: number;
  files: number;
  bytes: number;
}

export async function sizeOf(ids: string[]): Promise<Size> {
  const size = { runs: 0, files: 0, bytes: 0 };
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const said = await send<Size>("POST", "trash/size", { run_ids: ids.slice(at, at + AT_ONCE) });
    for (const name of ["runs", "files", "bytes"] as const) size[name] += said[name];
  }
  return size;
}

/** CSV holds the columns that are shown, JSON everything that a list knows of a run. */
export async function exported(kind: "csv" | "json", chosen: Chosen, columns: Column[], archived: string): Promise<number> {
  const rows: RunRow[] = [];
  const held = kind === "csv" ? `&${holding(columns.map((one) => one.id))}` : "";
  if (chosen.all !== undefined) await pages(chosen.all.replace("&brief=true", "") + held, (some) => rows.push(...some));
  else
    for (let at = 0; at < chosen.ids.length; at += IDS_IN_ADDRESS) {
      const few = chosen.ids.slice(at, at + IDS_IN_ADDRESS).map((id) => `'${id}'`);
      const query = new URLSearchParams({ filter: `run_id IN (${few.join(", ")})`, limit: String(AT_ONCE), ...(archived === "trash" ? { trash: "true" } : {}) });
      rows.push(...(await get<Page>(`runs?${query}${held}`)).items);
    }
  if (kind === "json") save("runs.json", JSON.stringify(rows, null, 1), "application/json");
  else {
    const some = columns.filter((one) => !one.id.startsWith("spark."));
    const time = (value: unknown): unknown => (typeof value === "number" ? new Date(value).toISOString() : value);
    save("runs.csv", sheet([["run_id", ...some.map((one) => one.id)], ...rows.map((row) => [row.run_id, ...some.map((one) => (one.id === "started" ? time(row.started) : valueOf(one.id, row)))])]));
  }
  return rows.length;
}
