import { useEffect, useState } from "preact/hooks";
import { keep, kept } from "../kept";
import { OvernightSaid } from "../parts";

const AWAY = 3600_000;
const SHOWN = 4 * AWAY;
const BEAT = 60_000;
/** When somebody was last here, before an hour or more without: for some hours after the return; 0: they were not away. */
let last = 0;
let told = 0;
const listeners = new Set<() => void>();

function look(): void {
  const [from = 0, back = 0] = kept("away").split(" ").map(Number);
  const found = Date.now() - back < SHOWN ? from : 0;
  if (found === last) return;
  last = found;
  for (const listener of [...listeners]) listener();
}

/** Somebody is here: they opened the page, came back to it, or touch it. A page that only stands on a screen says nothing. */
function here(): void {
  const now = Date.now();
  if (document.hidden || now - told < BEAT) return;
  told = now;
  const before = Number(kept("seen")) || 0;
  if (before && now - before >= AWAY) keep("away", `${before} ${now}`);
  keep("seen", String(now));
  look();
}

here();
look();

const signs = ["visibilitychange", "pointerdown", "pointermove", "wheel", "keydown"];

export function useBeingHere(): void {
  useEffect(() => {
    for (const one of signs) document.addEventListener(one, here, { passive: true });
    return () => {
      for (const one of signs) document.removeEventListener(one, here);
    };
  }, []);
}

/** What happened while nobody was here, until it is put away. */
export function Overnight({ order = "" }: { order?: string }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  const away = () => {
    keep("away", "");
    look();
  };
  return last > 0 ? <OvernightSaid key={last} last={last} order={order} away={away} /> : null;
}
