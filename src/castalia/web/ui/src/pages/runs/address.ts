// What the page shows is its address: everything below is read from the query and written into it.
import { useMemo } from "preact/hooks";
import { WIDTHS } from "../../components/grid";
import { go, href, usePlace } from "../../router";
import { all, condition, kindOf, writable, written } from "./conditions";

export interface Shown {
  /** What stands in the filter box: words or a filter. */
  text: string;
  /** Conditions that were clicked together. */
  where: string[];
  order: string;
  /** Null: the page chooses. */
  columns: string[] | null;
  pins: string[];
  open: string[];
  kept: "active" | "all" | "archived" | "trash";
  nested: boolean;
  heads: boolean;
  /** In rem, of the columns that were made wider or narrower. */
  widths: Record<string, number>;
}

const keptNames = ["all", "archived", "trash"] as const;

export function read(query: URLSearchParams): Shown {
  // Other pages lead here with a status, an experiment or a whole filter.
  const named = ["status", "experiment"].flatMap((name) => (query.get(name) ? [condition(name, query.get(name))] : []));
  const columns = query.getAll("col");
  return {
    text: query.get("q") ?? "",
    where: [...named, ...query.getAll("filter").filter(Boolean), ...query.getAll("where")],
    order: query.get("order") || "-started",
    columns: columns.length ? columns : null,
    pins: query.getAll("pin"),
    open: query.getAll("open"),
    kept: keptNames.find((one) => one === query.get("show")) ?? "active",
    nested: query.get("nested") !== "no",
    heads: query.get("heads") !== "no",
    widths: widths(query.getAll("wide")),
  };
}

/** "metrics.loss~12.5" for each column that has a width of its own. */
function widths(told: string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const one of told) {
    const at = one.lastIndexOf("~");
    const width = Number(one.slice(at + 1));
    if (at > 0 && width >= WIDTHS[0] && width <= WIDTHS[1]) found[one.slice(0, at)] = width;
  }
  return found;
}

export function queryOf(shown: Shown): string {
  const query = new URLSearchParams();
  if (shown.text) query.set("q", shown.text);
  for (const one of shown.where) query.append("where", one);
  if (shown.order !== "-started") query.set("order", shown.order);
  for (const one of shown.columns ?? []) query.append("col", one);
  for (const one of shown.pins) query.append("pin", one);
  for (const one of shown.open) query.append("open", one);
  if (shown.kept !== "active") query.set("show", shown.kept);
  if (!shown.nested) query.set("nested", "no");
  if (!shown.heads) query.set("heads", "no");
  for (const [id, width] of Object.entries(shown.widths)) query.append("wide", `${id}~${width}`);
  return query.toString();
}

/** Change the address. A click makes a step that "back" undoes; typing replaces (`replace`). */
export function show(changes: Partial<Shown>, replace = false): void {
  const query = queryOf({ ...read(new URLSearchParams(location.search)), ...changes });
  const to = location.pathname + (query ? `?${query}` : "");
  if (to !== location.pathname + location.search) go(to, replace);
}

/** The way back from a change that is about to be made; from another page it leads to this one as it was. */
export function wayBack(changes: Partial<Shown>): () => void {
  const before = location.search;
  return () => (location.pathname === href("runs") ? show(changes, true) : go(href("runs") + before));
}

export function useShown(): Shown {
  const { query } = usePlace();
  const text = query.toString();
  return useMemo(() => read(new URLSearchParams(text)), [text]);
}

/** Which runs, and in which order, as GET /runs wants it. */
export function asked(shown: Shown, text = shown.text): URLSearchParams {
  const query = new URLSearchParams({ order: shown.order, brief: "true" });
  const kind = kindOf(text);
  const filter = all([...(kind === "filter" ? [text] : []), ...shown.where]);
  if (filter) query.set("filter", filter);
  if (kind === "words") query.set("q", text.trim().slice(0, 200));
  if (shown.kept === "trash") query.set("trash", "true");
  else if (shown.kept !== "all") query.set("archived", shown.kept === "archived" ? "only" : "no");
  // What is looked for may lie inside another run: then all are one list.
  if (shown.nested && kind === "none" && !shown.where.length && shown.kept === "active") query.set("top", "true");
  return query;
}

const always = ["tags.castalia.archived"];

/** The part of the request that says what each row holds. */
export function holding(columns: string[]): string {
  const query = new URLSearchParams();
  for (const one of always) query.append("columns", one);
  for (const id of columns) {
    if (/^(metrics|params|tags)\../.test(id) && writable(id)) query.append("columns", written(id));
    else if (id === "tags") query.append("columns", "tags.*");
    else if (id === "note") query.append("columns", "tags.mlflow.note.content");
  }
  return query.toString();
}
