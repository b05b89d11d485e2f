// What there is to read, and where.
import { part } from "../api";
import { href } from "../router";

/** A line of GET /manual. */
export interface Reading {
  kind: "docs" | "lesson" | "library";
  name: string;
  chapter: string;
  title: string;
  sections: string[];
}

/** Where a page is read; `section` is one of its headings. */
export function readingAddress(one: Reading, section = ""): string {
  if (one.kind === "docs") return href("manual", one.name) + (section ? `?at=${part(section)}` : "");
  const place = new URLSearchParams({ tab: "lesson", ...(one.chapter ? { page: one.chapter } : {}), ...(section ? { at: section } : {}) });
  return `${href(one.kind === "library" ? "projects" : "systems", one.name)}?${place}`;
}
