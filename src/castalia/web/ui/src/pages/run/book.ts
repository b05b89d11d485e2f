// The series of a run that are on the page: fetched when they come into view, grown by what lands, never above a size.
import { get, part } from "../../api";
import type { Curve, Summary } from "../../types";
import { picked, real, received, thinned, type Series } from "./shaping";

/** Series in one question: few, so that the first are soon there. */
const AT_ONCE = 3;

/** Which steps of a series are wanted: all, or from and to. */
export type Window = [number, number] | null;

interface Kept {
  series: Series;
  ready: boolean;
  asked: boolean;
  window: Window;
  /** What landed while it was fetched. */
  waiting: Curve[];
}

export class Book {
  private readonly kept = new Map<string, Kept>();
  private readonly hearing = new Map<string, Set<() => void>>();
  private readonly queue = new Set<string>();
  private timer = 0;
  private readonly control = new AbortController();
  /** Series whose points could not be read. */
  private readonly missed = new Set<string>();
  /** Called when that changes. */
  told: () => void = () => undefined;

  /** `most` points a series are asked for; twice as many are kept, then thinned again. */
  constructor(
    private readonly run: string,
    private readonly most: number,
    private readonly mayAsk: () => Promise<void> = () => Promise.resolve(),
  ) {}

  get failed(): boolean {
    return this.missed.size > 0;
  }

  /** Whether anything was asked for. */
  get asked(): boolean {
    return [...this.kept.values()].some((one) => one.asked);
  }

  get(key: string): Series | undefined {
    const found = this.kept.get(key);
    return found?.ready ? found.series : undefined;
  }

  /** Have a series at hand; `heard` is called when it is and when it has grown. Returns what ends that. */
  follow(key: string, window: Window, heard: () => void): () => void {
    const known = this.kept.get(key);
    if (!known || String(known.window) !== String(window)) this.kept.set(key, { series: known?.series ?? { step: [], time: [], value: [] }, ready: false, asked: false, window, waiting: [] });
    if (!this.kept.get(key)!.ready) this.ask(key);
    const all = this.hearing.get(key) ?? new Set();
    this.hearing.set(key, all.add(heard));
    return () => void all.delete(heard);
  }

  private ask(key: string): void {
    this.queue.add(key);
    if (!this.timer) this.timer = window.setTimeout(() => void this.fetch(), 8);
  }

  private async fetch(): Promise<void> {
    this.timer = 0;
    await this.mayAsk();
    const wanted = [...this.queue].filter((key) => this.kept.get(key)?.asked === false);
    this.queue.clear();
    const groups = new Map<string, string[][]>();
    for (const key of wanted) {
      const name = String(this.kept.get(key)!.window);
      const lists = groups.get(name) ?? [[]];
      groups.set(name, lists);
      if (lists[lists.length - 1]!.length >= AT_ONCE) lists.push([]);
      lists[lists.length - 1]!.push(key);
    }
    // Two at a time and in order: the first are there sooner, and the server is no later done with all of them.
    const left = [...groups.values()].flat();
    const loads = async (): Promise<void> => {
      for (let keys = left.shift(); keys; keys = left.shift()) await this.load(keys);
    };
    await Promise.all([loads(), loads()]);
  }

  private async load(queued: string[]): Promise<void> {
    // While they waited for their turn some may have been forgotten, or asked for by another turn.
    const open = queued.filter((key) => this.kept.get(key)?.asked === false);
    if (!open.length || this.control.signal.aborted) return;
    const window = this.kept.get(open[0]!)!.window;
    const keys = open.filter((key) => String(this.kept.get(key)!.window) === String(window));
    const lines = keys.map((key) => this.kept.get(key)!);
    for (const line of lines) line.asked = true;
    const asked = new URLSearchParams({ run: this.run, points: String(this.most) });
    if (window) {
      asked.set("first", String(window[0]));
      asked.set("last", String(window[1]));
    }
    for (const key of keys) asked.append("key", key);
    try {
      const found = (await get<Record<string, Record<string, Curve>>>(`runs/series?${asked}`, this.control.signal))[this.run] ?? {};
      keys.forEach((key, i) => {
        const line = lines[i]!;
        if (this.kept.get(key) !== line) return;
        line.series = received(found[key] ?? { step: [], time: [], value: [] });
        line.ready = true;
        for (const news of line.waiting.splice(0)) this.add(line, news);
        this.tell(key);
      });
      if (keys.filter((key) => this.missed.delete(key)).length) this.told();
    } catch {
      if (this.control.signal.aborted) return;
      // The page says so, and asks again when it is told to or the server is back (`refresh`); what is on it stays.
      for (const line of lines) line.asked = false;
      for (const key of keys) this.missed.add(key);
      this.told();
    }
  }

  /** Points as they land. */
  push(news: Record<string, Curve>): void {
    for (const [key, curve] of Object.entries(news)) {
      const line = this.kept.get(key);
      if (!line) continue;
      if (line.asked && !line.ready) line.waiting.push(curve);
      else if (line.ready) {
        this.add(line, curve);
        this.tell(key);
      }
    }
  }

  private add(line: Kept, news: Curve): void {
    const { step, time, value } = line.series;
    for (let i = 0; i < news.step.length; i++) {
      const at = news.step[i]!;
      const last = step.length - 1;
      if (last >= 0 && (at < step[last]! || (at === step[last] && news.time[i]! <= time[last]!))) continue;
      if (line.window && at > line.window[1]) continue;
      step.push(at);
      time.push(news.time[i]!);
      value.push(real(news.value[i]!));
    }
    if (step.length > 2 * this.most) {
      const along = step[0] === step[step.length - 1] ? time : step;
      line.series = picked(line.series, thinned(along, value, this.most));
    }
  }

  /** The server may know more than was heard: ask again for what is looked at, forget the rest. */
  refresh(): void {
    for (const [key, line] of [...this.kept]) {
      if (!this.hearing.get(key)?.size) {
        this.kept.delete(key);
        this.missed.delete(key);
      }
      else {
        this.kept.set(key, { ...line, ready: false, asked: false, waiting: [] });
        this.ask(key);
      }
    }
  }

  private tell(key: string): void {
    for (const heard of this.hearing.get(key) ?? []) heard();
  }

  close(): void {
    clearTimeout(this.timer);
    this.control.abort();
  }
}

/** What the summary of a metric becomes with further points. */
export function extended(old: Summary | undefined, news: Curve): Summary {
  const found: Summary = old ? { ...old } : { last: null, last_step: news.step[0] ?? 0, last_time: 0, min: null, min_step: null, max: null, max_step: null };
  for (let i = 0; i < news.step.length; i++) {
    const value = real(news.value[i]!);
    found.last = news.value[i]!;
    found.last_step = news.step[i]!;
    found.last_time = news.time[i]!;
    if (Number.isNaN(value)) continue;
    if (found.min === null || value < real(found.min)) [found.min, found.min_step] = [news.value[i]!, news.step[i]!];
    if (found.max === null || value > real(found.max)) [found.max, found.max_step] = [news.value[i]!, news.step[i]!];
  }
  return found;
}

/** Whether a metric has more than one point, as far as its summary tells. */
export const isCurve = (one: Summary): boolean => !(one.min !== null && one.min === one.max && one.min === one.last && one.min_step === one.last_step && one.max_step === one.last_step);

export const seriesAddress = (run: string, keys: string[], points: number): string => `runs/series?run=${part(run)}&points=${points}${keys.map((key) => `&key=${part(key)}`).join("")}`;
