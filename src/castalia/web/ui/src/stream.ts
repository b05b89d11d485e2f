// Server-sent events that come back: the browser repeats a broken stream, and this starts a refused one again.
import { useEffect, useRef } from "preact/hooks";
import { url } from "./api";
import { connectionLost, useConnection } from "./connection";

export type Heard = (kind: string, data: Record<string, unknown>) => void;

/** How long a page that nobody sees keeps its stream. A browser has six connections for all tabs together. */
const REST = 10_000;

/**
 * Follow `path` while it is not empty. `kinds` are the event names; `heard` may change between draws. One that `rests`
 * ends on a page that is not seen and begins anew when it is: what was missed is then for the one who hears to fetch.
 */
export function useStream(path: string, kinds: readonly string[], heard: Heard, rests = false): void {
  const latest = useRef(heard);
  latest.current = heard;
  const { returns } = useConnection();

  useEffect(() => {
    if (!path) return;
    let source: EventSource | undefined;
    let timer = 0;
    let resting = 0;
    const open = (): void => {
      source = new EventSource(url(path));
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
    const turned = (): void => {
      clearTimeout(resting);
      if (!document.hidden) return source ? undefined : open();
      resting = window.setTimeout(() => {
        clearTimeout(timer);
        source?.close();
        source = undefined;
      }, REST);
    };
    open();
    if (rests) {
      document.addEventListener("visibilitychange", turned);
      if (document.hidden) turned();
    }
    return () => {
      document.removeEventListener("visibilitychange", turned);
      clearTimeout(resting);
      clearTimeout(timer);
      source?.close();
    };
  }, [path, kinds, returns]);
}
