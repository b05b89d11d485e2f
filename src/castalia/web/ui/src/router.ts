// Addresses below /app/: links are real, the history is the browser's, the state of a page lives in its query.
import { useEffect, useState } from "preact/hooks";
import { prefix } from "./connection";

export const root = `${prefix}app/`;

export interface Place {
  path: string[];
  query: URLSearchParams;
}

const listeners = new Set<() => void>();
let navigations = 0;

function read(): Place {
  const path = location.pathname.startsWith(root) ? location.pathname.slice(root.length) : "";
  const names = path.split("/").filter(Boolean);
  return { path: names.map(decode), query: new URLSearchParams(location.search) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function tell(): void {
  for (const listener of [...listeners]) listener();
}

/** The address of a page: href("runs", id) -> "/app/runs/…". */
export function href(...names: string[]): string {
  return root + names.map(encodeURIComponent).join("/");
}

/** Go to an address of ours; `replace` keeps the history short while a filter is typed. */
export function go(to: string, replace = false): void {
  const before = location.pathname;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  if (location.pathname !== before) {
    navigations += 1;
    scrollTo(0, 0);
  }
  tell();
}

/** Change some names of the query and keep the others; an empty value removes the name. */
export function setQuery(changes: Record<string, string>, replace = true): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ""), replace);
}

/** How often the page changed since it was opened: the first one does not take the focus. */
export const pageChanges = (): number => navigations;

export function usePlace(): Place {
  const [place, setPlace] = useState(read);
  useEffect(() => {
    const listener = () => setPlace(read());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return place;
}

/** MLflow's client prints addresses of its own page, such as #/experiments/1/runs/ID: here they open ours. */
export function followPrinted(): void {
  const [kind, name, part, id] = location.hash.startsWith("#/") ? location.hash.slice(2).split(/[/?]/).map(decode) : [];
  if (kind === "experiments") history.replaceState(null, "", part === "runs" && id ? href("runs", id) : href("experiments") + (name ? `?id=${encodeURIComponent(name)}` : ""));
  else if (kind === "models") history.replaceState(null, "", name ? href("models", name) + (part === "versions" && /^\d+$/.test(id ?? "") ? `?version=${id}` : "") : href("models"));
}

/** Let plain clicks on our own links change the page without loading it again. */
export function followLinks(): void {
  addEventListener("popstate", () => {
    navigations += 1;
    tell();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(root) || link.getAttribute("href")?.includes("#")) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
