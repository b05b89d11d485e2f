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
  return one.kind === "library" ? `${href("projects", one.name)}?tab=lesson` : `${href("systems", one.name)}?tab=lesson${one.chapter ? `&page=${part(one.chapter)}` : ""}`;
}
