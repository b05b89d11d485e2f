// One run as it goes on: what is heard is put into the books and the summary; charts paint when there is time for it.
import { useEffect, useRef, useState } from "preact/hooks";
import { useConnection } from "../../connection";
import { useStream } from "../../stream";
import { part } from "../../api";
import type { Curve, Summary } from "../../types";
import { Book, extended } from "./book";

const kinds = ["begin", "metrics", "status", "end"] as const;

/** Of the time that passes, one part in so many is spent on painting. */
const SHARE = 40;
const SOONEST = 200;
const LATEST = 2000;
/** How long points are not asked for because the stream has not begun. */
const HOLD = 3000;

/** Paints what has changed, at most five times a second, and less often where that takes the browser long. */
class Painter {
  private readonly due = new Set<() => void>();
  private timer = 0;
  private next = 0;
  private began = 0;
  private readonly after = new MessageChannel();

  constructor() {
    // Sent from a frame, heard when it is laid out and painted: what the canvases cost after our own code counts too.
    this.after.port1.onmessage = () => this.pause(performance.now() - this.began);
    document.addEventListener("visibilitychange", () => this.plan());
  }

  ask(paint: () => void): void {
    this.due.add(paint);
    this.plan();
  }

  drop(paint: () => void): void {
    this.due.delete(paint);
  }

  /** Nothing is painted on a page that is not seen: it waits in the set, once. */
  private plan(): void {
    if (this.timer || !this.due.size || document.hidden) return;
    this.timer = window.setTimeout(() => requestAnimationFrame(this.paint), Math.max(0, this.next - performance.now()));
  }

  private readonly paint = (): void => {
    this.timer = 0;
    if (document.hidden) return;
    this.began = performance.now();
    const now = [...this.due];
    this.due.clear();
    for (const paint of now) paint();
    this.pause(performance.now() - this.began);
    this.after.port2.postMessage(null);
  };

  private pause(took: number): void {
    this.next = this.began + Math.min(LATEST, Math.max(SOONEST, took * SHARE)) - 5;
  }
}

export const painter = new Painter();

export class Live {
  /** For tiles; the opened chart has a finer one, and so has a range. */
  readonly book: Book;
  readonly books = new Set<Book>();
  summary: Record<string, Summary> = {};
  /** Server's time of the newest point, in ms; 0 before the first. */
  newest = 0;
  /** This browser's time when the last point was heard. */
  heard = 0;
  private readonly listeners = new Set<() => void>();
  private timer = 0;

  /** Done once what is fetched and what is heard overlap. */
  private overlap = Promise.resolve();
  private release: (() => void) | undefined;

  /** Of a run that moves, points are asked for when the stream has begun: what lands between the two would be lost. */
  constructor(
    readonly run: string,
    moving: boolean,
  ) {
    if (moving)
      this.overlap = new Promise((done) => {
        this.release = done;
        setTimeout(() => {
          this.release = undefined;
          done();
        }, HOLD);
      });
    this.book = this.open(600);
  }

  /** The stream has begun: whatever was fetched before may lack points. */
  begin(): void {
    if (!this.release) return this.refresh();
    this.release();
    this.release = undefined;
  }

  open(most: number): Book {
    const made = new Book(this.run, most, () => this.overlap);
    this.books.add(made);
    made.told = () => this.tell();
    return made;
  }

  close(book: Book): void {
    book.close();
    this.books.delete(book);
  }

  /** The server's own summary; a metric that was heard of later than it was made stays. */
  summed(summary: Record<string, Summary>): void {
    const first = !Object.keys(this.summary).length;
    const later = Object.entries(this.summary).filter(([key, one]) => (one.last_time ?? 0) > (summary[key]?.last_time ?? -1));
    this.summary = { ...summary, ...Object.fromEntries(later) };
    for (const one of Object.values(this.summary)) this.newest = Math.max(this.newest, one.last_time ?? 0);
    // Until the first one the page says that there is nothing.
    if (first) this.tellNow();
    else this.tell();
  }

  push(news: Record<string, Curve>): void {
    for (const book of this.books) book.push(news);
    for (const [key, curve] of Object.entries(news)) {
      this.summary[key] = extended(this.summary[key], curve);
      this.newest = Math.max(this.newest, curve.time[curve.time.length - 1] ?? 0);
    }
    this.heard = Date.now();
    this.tell();
  }

  /** Whether points of a curve could not be read. */
  get failed(): boolean {
    return [...this.books].some((book) => book.failed);
  }

  refresh(): void {
    for (const book of this.books) book.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
    for (const book of this.books) book.close();
  }

  private tell(): void {
    if (!this.timer)
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        this.tellNow();
      }, 1000);
  }

  private tellNow(): void {
    for (const listener of [...this.listeners]) listener();
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

/** Follow a run while `moving`; `turned` is told a new status. */
export function useLive(id: string, moving: boolean, turned: (status: string) => void): Live {
  const [live] = useState(() => new Live(id, moving));
  useStream(moving ? `runs/${part(id)}/events?history=false` : "", kinds, (kind, data) => {
    if (kind === "begin") live.begin();
    else if (kind === "metrics") live.push(data as unknown as Record<string, Curve>);
    else if (kind === "status") turned(String(data.status ?? ""));
    else {
      live.refresh();
      turned("");
    }
  }, true);
  useEffect(() => () => live.end(), []);
  const { returns } = useConnection();
  useEffect(() => {
    if (returns && live.failed) live.refresh();
  }, [returns]);
  return live;
}

/** Draw again when `pick` gives something else, looked at once a second at most. */
export function useSummary<T>(live: Live, pick: (summary: Record<string, Summary>) => T): T {
  const latest = useRef(pick);
  latest.current = pick;
  const [, redraw] = useState(0);
  const shown = useRef("");
  const value = pick(live.summary);
  shown.current = JSON.stringify(value);
  useEffect(
    () =>
      live.listen(() => {
        if (JSON.stringify(latest.current(live.summary)) !== shown.current) redraw((n) => n + 1);
      }),
    [live],
  );
  return value;
}
