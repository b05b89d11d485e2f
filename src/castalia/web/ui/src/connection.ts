// Whether the workbench answers. Lost is noticed by any failed request; then /health is asked until it is back.
import { useEffect, useState } from "preact/hooks";

type Listener = () => void;

/** The part of the address before `app/`: "/" or "/castalia/" under --base-path. */
export const prefix = new URL(document.baseURI).pathname.replace(/app\/.*$/, "");

let lost = false;
let returns = 0;
const listeners = new Set<Listener>();

function tell(): void {
  for (const listener of [...listeners]) listener();
}

async function wait(): Promise<void> {
  for (let pause = 1000; lost; pause = Math.min(pause * 1.4, 8000)) {
    await new Promise((done) => setTimeout(done, pause));
    await knock();
  }
}

/** Ask once whether the server is back. */
export async function knock(): Promise<void> {
  try {
    const answer = await fetch(`${prefix}health`, { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (!answer.ok || !lost) return;
    lost = false;
    returns += 1;
    tell();
  } catch {
    // still away: the loop above asks again
  }
}

/** A request did not reach the server. */
export function connectionLost(): void {
  if (lost) return;
  lost = true;
  tell();
  void wait();
}

/** {lost, returns}: `returns` grows each time the server came back, so that effects can run again. */
export function useConnection(): { lost: boolean; returns: number } {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return { lost, returns };
}
