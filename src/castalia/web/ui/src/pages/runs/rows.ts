// The rows of the list, fetched in windows as they are seen and kept up to date without moving them.
import { LOST, Problem, get } from "../../api";
import type { RunRow } from "../../types";

export const WINDOW = 100;
const MOST_WINDOWS = 24;
const MOST_CHILDREN = 1000;

export interface Flat {
  row: RunRow | undefined;
  /** 1 for a run of the list, 2 for one inside it, and so on. */
  level: number;
}

interface Page {
  items: RunRow[];
  total: number;
}

/** One answer to one question; a changed question makes a new one, and the old one is shown until it has answered. */
interface Held {
  rows: string;
  columns: string;
  total: number;
  windows: Map<number, RunRow[]>;
  inside: Map<string, RunRow[]>;
  /** Rows that are newer than the list and stand above it. */
  ahead: number;
  /** The order has changed since the list was read. */
  moved: boolean;
}

export class Rows {
  held: Held | undefined;
  problem: Problem | undefined;
  busy = false;
  private wanted: { rows: string; columns: string } | undefined;
  private asking = new AbortController();
  private loading = new Set<string>();
  private open: string[] = [];
  private flats: { at: number; rows: Flat[] }[] | undefined;
  private seen: [number, number] = [0, 0];

  constructor(private readonly tell: () => void) {}

  /** What is to be shown. Rows that only get other columns stay where they are. */
  ask(rows: string, columns: string, open: string[]): void {
    const same = this.wanted?.rows === rows;
    if (open.join() !== this.open.join()) {
      this.open = open;
      this.flats = undefined;
    }
    if (!same || this.wanted?.columns !== columns) {
      this.wanted = { rows, columns };
      void this.begin(same ? this.windowsSeen() : [0]);
    }
    void this.openAll();
  }

  /** Read everything anew, where it is looked at. */
  again(toTop = false): void {
    if (this.wanted) void this.begin(toTop ? [0] : this.windowsSeen());
  }

  stop(): void {
    this.asking.abort();
  }

  get count(): number {
    return (this.held?.total ?? 0) + this.spread().reduce((sum, one) => sum + one.rows.length, 0);
  }

  flat(at: number): Flat {
    let index = at;
    for (const one of this.spread()) {
      if (index <= one.at) break;
      if (index <= one.at + one.rows.length) return one.rows[index - one.at - 1]!;
      index -= one.rows.length;
    }
    return { row: this.held?.windows.get(Math.floor(index / WINDOW))?.[index % WINDOW], level: 1 };
  }

  /** Where a run stands among the rows, -1 where it is not loaded. */
  place(id: string): number {
    let before = 0;
    const spread = this.spread();
    for (const one of spread) {
      const found = one.rows.findIndex((flat) => flat.row?.run_id === id);
      if (found >= 0) return one.at + before + found + 1;
      before += one.rows.length;
    }
    for (const [window, rows] of this.held?.windows ?? []) {
      const found = rows.findIndex((row) => row.run_id === id);
      if (found >= 0) {
        const index = window * WINDOW + found;
        return index + spread.filter((one) => one.at < index).reduce((sum, one) => sum + one.rows.length, 0);
      }
    }
    return -1;
  }

  /** All rows from one place to another, those that were never seen among them. */
  async between(first: number, last: number): Promise<RunRow[]> {
    const held = this.held;
    for (let window = Math.floor(this.index(first) / WINDOW); held && window <= Math.floor(this.index(last) / WINDOW); window++) {
      if (held.windows.has(window)) continue;
      held.windows.set(window, (await this.fetch(held, window)).items);
      this.flats = undefined;
    }
    return Array.from({ length: last - first + 1 }, (_, i) => this.flat(first + i).row).filter((row) => row !== undefined);
  }

  /** Rows `first` to `last` are looked at: fetch what is not there, and what comes next. */
  look(first: number, last: number): void {
    this.seen = [first, last];
    const held = this.held;
    if (!held || held.rows !== this.wanted?.rows || held.columns !== this.wanted.columns) return;
    const margin = WINDOW / 2;
    const from = Math.max(0, Math.floor((this.index(first) - margin) / WINDOW));
    const to = Math.min(Math.floor((held.total - 1) / WINDOW), Math.floor((this.index(last) + margin) / WINDOW));
    for (let window = from; window <= to; window++) if (!held.windows.has(window)) void this.load(held, window);
    if (held.windows.size > MOST_WINDOWS) {
      const middle = (from + to) / 2;
      const far = [...held.windows.keys()].sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
      for (const window of far.slice(0, held.windows.size - MOST_WINDOWS)) held.windows.delete(window);
      this.flats = undefined;
    }
  }

  /** Ask again for what is seen. `follow`: new rows may take their place at the top. */
  async refresh(follow: boolean): Promise<void> {
    const held = this.held;
    if (!held || this.busy || held.rows !== this.wanted?.rows) return;
    try {
      for (const window of this.windowsSeen()) {
        let page = await this.fetch(held, window);
        if (held !== this.held) return;
        const grown = page.total - held.total;
        if (grown !== held.ahead) {
          if (follow || !held.total || (grown < 0 && held.total < WINDOW)) return void this.again();
          held.ahead = grown;
          this.tell();
          if (grown > 0 && held.rows.includes("order=-started")) page = await this.fetch(held, window);
        }
        this.merge(held, window, page.items);
      }
      for (const id of held.inside.keys()) await this.children(held, id);
      this.problem = undefined;
    } catch (error) {
      if (error instanceof Problem && error !== LOST) this.problem = error;
    }
    this.tell();
  }

  /** A run that was changed here is shown so at once. */
  put(row: RunRow): void {
    for (const rows of [...(this.held?.windows.values() ?? []), ...(this.held?.inside.values() ?? [])]) {
      const at = rows.findIndex((one) => one.run_id === row.run_id);
      if (at >= 0) rows[at] = { ...row, children: rows[at]!.children ?? 0, alerts: rows[at]!.alerts ?? 0 };
    }
    this.flats = undefined;
    this.tell();
  }

  private merge(held: Held, window: number, items: RunRow[]): void {
    const rows = held.windows.get(window);
    this.flats = undefined;
    // What could not be read when it was scrolled to.
    if (!rows) return void held.windows.set(window, items);
    const fresh = new Map(items.map((row) => [row.run_id, row]));
    held.windows.set(
      window,
      rows.map((row) => {
        const now = fresh.get(row.run_id);
        return now && JSON.stringify(now) !== JSON.stringify(row) ? now : row;
      }),
    );
    if (!held.ahead && items.some((row, i) => row.run_id !== rows[i]?.run_id)) held.moved = true;
  }

  private async begin(windows: number[]): Promise<void> {
    this.asking.abort();
    this.asking = new AbortController();
    this.loading.clear();
    const { signal } = this.asking;
    const held: Held = { ...this.wanted!, total: 0, windows: new Map(), inside: new Map(), ahead: 0, moved: false };
    this.busy = true;
    this.tell();
    try {
      const pages = await Promise.all(windows.map((window) => this.fetch(held, window, signal)));
      if (signal.aborted) return;
      pages.forEach((page, i) => held.windows.set(windows[i]!, page.items));
      held.total = pages[0]!.total;
      // What is open stays open while its rows are read again.
      if (this.held) for (const [id, rows] of this.held.inside) held.inside.set(id, rows);
      this.held = held;
      this.flats = undefined;
      this.problem = undefined;
      this.busy = false;
      this.tell();
      void this.openAll(true);
      this.look(...this.seen);
    } catch (error) {
      if (signal.aborted) return;
      this.busy = false;
      this.problem = error instanceof Problem ? error : new Problem(0, { subject: "The page could not read the answer", got: String(error) });
      // Once the server is back, the same question is a new one.
      if (error === LOST) this.wanted = undefined;
      this.tell();
    }
  }

  private async load(held: Held, window: number): Promise<void> {
    const key = `window ${window}`;
    if (this.loading.has(key)) return;
    this.loading.add(key);
    try {
      const page = await this.fetch(held, window);
      if (this.held !== held) return;
      held.windows.set(window, page.items);
      this.flats = undefined;
      this.tell();
      void this.openAll();
    } catch (error) {
      if (error instanceof Problem && this.held === held) {
        this.problem = error;
        this.tell();
      }
    } finally {
      this.loading.delete(key);
    }
  }

  private fetch(held: Held, window: number, signal: AbortSignal = this.asking.signal): Promise<Page> {
    // The list stands still while new runs come in above it, so what lies below them has moved on.
    const offset = window * WINDOW + (held.rows.includes("order=-started") ? Math.max(0, held.ahead) : 0);
    return get<Page>(`runs?${held.rows}&${held.columns}&limit=${WINDOW}&offset=${offset}`, signal);
  }

  private async openAll(anew = false): Promise<void> {
    const held = this.held;
    if (!held) return;
    for (const id of this.open) if (anew || !held.inside.has(id)) await this.children(held, id).catch(() => undefined);
  }

  private async children(held: Held, id: string): Promise<void> {
    if (!this.open.includes(id)) return void held.inside.delete(id);
    const key = `inside ${id}`;
    if (this.loading.has(key)) return;
    this.loading.add(key);
    try {
      const page = await get<Page>(`runs?parent=${encodeURIComponent(id)}&order=started&brief=true&${held.columns}&limit=${MOST_CHILDREN}`, this.asking.signal);
      if (this.held !== held) return;
      held.inside.set(id, page.items);
      this.flats = undefined;
      this.tell();
    } finally {
      this.loading.delete(key);
    }
  }

  /** Runs inside open ones, behind the index of the row they hang on. */
  private spread(): { at: number; rows: Flat[] }[] {
    if (this.flats) return this.flats;
    const held = this.held;
    const found: { at: number; rows: Flat[] }[] = [];
    const below = (id: string, level: number, above: string[]): Flat[] =>
      above.includes(id) || !this.open.includes(id) ? [] : (held?.inside.get(id) ?? []).flatMap((row) => [{ row, level }, ...below(row.run_id, level + 1, [...above, id])]);
    if (held && this.open.length)
      for (const [window, rows] of held.windows)
        rows.forEach((row, i) => {
          const inside = below(row.run_id, 2, []);
          if (inside.length) found.push({ at: window * WINDOW + i, rows: inside });
        });
    this.flats = found.sort((a, b) => a.at - b.at);
    return this.flats;
  }

  private index(at: number): number {
    let index = at;
    for (const one of this.spread()) {
      if (index <= one.at) break;
      index = Math.max(one.at, index - one.rows.length);
    }
    return index;
  }

  private windowsSeen(): number[] {
    const [first, last] = [Math.floor(this.index(this.seen[0]) / WINDOW), Math.floor(this.index(Math.max(...this.seen)) / WINDOW)];
    const most = Math.max(0, Math.ceil((this.held?.total ?? 1) / WINDOW) - 1);
    return [...new Set([Math.min(first, most), Math.min(last, most)])];
  }
}
