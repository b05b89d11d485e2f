// Server-sent events that come back: the browser repeats a broken stream, and this starts a refused one again.
import { useEffect, useRef } from "preact/hooks";
import { url } from "./api";
import { connectionLost, useConnection } from "./connection";

export type Heard = (kind: string, data: Record<string, unknown>) => void;

/** Follow `path` while it is not empty. `kinds` are the event names; `heard` may change between draws. */
export function useStream(path: string, kinds: readonly string[], heard: Heard, resumed?: () => void): void {
  const latest = useRef(heard);
  latest.current = heard;
  const again = useRef(resumed);
  again.current = resumed;
  const { returns } = useConnection();

  useEffect(() => {
    if (!path) return;
    let source: EventSource | undefined;
    let timer = 0;
    let opened = 0;
    const open = (): void => {
      source = new EventSource(url(path));
      source.onopen = () => {
        if (opened++) again.current?.();
      };
      source.onerror = () => {
        // CONNECTING: the browser tries again by itself. CLOSED: it gave up, as after a refusal.
        if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, 4000);
        else void fetch(url("health"), { cache: "no-store" }).catch(connectionLost);
      };
      for (const kind of kinds)
        source.addEventListener(kind, (event) => {
          try {
            latest.current(kind, JSON.parse((event as MessageEvent<string>).data) as Record<string, unknown>);
          } catch {
            // a line that is no JSON tells nothing; the next one may
          }
        });
    };
    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [path, kinds, returns]);
}
