// What a page shows from the server: kept by key, shown at once when it is opened again, asked again when the server returns.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { LOST, Problem } from "./api";
import { useUndone } from "./components/toast";
import { useConnection } from "./connection";

const kept = new Map<string, unknown>();
const MOST = 200;
const PATIENT = 5;
/** A longer text is a file: it goes with the page that shows it. */
const LONGEST = 100_000;

function keep(key: string, value: unknown): void {
  kept.delete(key);
  if (typeof value === "string" && value.length > LONGEST) return;
  kept.set(key, value);
  for (const old of kept.keys()) {
    if (kept.size <= MOST) break;
    kept.delete(old);
  }
}

export interface Resource<T> {
  value: T | undefined;
  problem: Problem | undefined;
  again: () => void;
}

/**
 * Load `key`; `every` (ms) asks again while the page is seen, and at once when something was taken back. A failure keeps
 * the last value on the page. Where the server says when to come again, that is done a few times before it is a failure.
 */
export function useResource<T>(key: string, load: (signal: AbortSignal) => Promise<T>, every = 0): Resource<T> {
  const [, redraw] = useState(0);
  const [turn, setTurn] = useState(0);
  const problem = useRef<{ key: string; problem: Problem } | undefined>(undefined);
  const { returns } = useConnection();
  // What is on the page stays there though it is no longer kept.
  const own = useRef<{ key: string; value: T } | undefined>(undefined);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (!key) return;
    const control = new AbortController();
    let timer = 0;
    let refused = 0;
    const ask = async (): Promise<void> => {
      try {
        if (!document.hidden || own.current?.key !== key) {
          const value = await latest.current(control.signal);
          if (control.signal.aborted) return;
          keep(key, value);
          own.current = { key, value };
          problem.current = undefined;
          refused = 0;
          redraw((n) => n + 1);
        }
      } catch (error) {
        if (control.signal.aborted) return;
        if (error instanceof Problem && error.after && refused < PATIENT) {
          refused += 1;
          timer = window.setTimeout(ask, error.after * 1000);
          return;
        }
        const found = error instanceof Problem ? error : new Problem(0, { subject: "The page could not read the answer", got: String(error) });
        problem.current = { key, problem: found };
        redraw((n) => n + 1);
        if (found === LOST) return;
      }
      if (every) timer = window.setTimeout(ask, every);
    };
    void ask();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [key, turn, returns, every]);

  const again = useCallback(() => setTurn((n) => n + 1), []);
  useUndone(() => every && again());
  const failed = problem.current?.key === key ? problem.current.problem : undefined;
  const value = kept.has(key) ? (kept.get(key) as T) : own.current?.key === key ? own.current.value : undefined;
  if (value !== undefined) own.current = { key, value };
  return { value, problem: failed, again };
}
