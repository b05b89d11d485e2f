// What was done is said at the foot of the page and can be taken back there, with Undo or Ctrl+Z, whichever page it was done on.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { LOST } from "../api";

type Undo = () => unknown;

export interface Done {
  /** What was done: "3 runs are in the trash". */
  said: string;
  undo?: Undo | undefined;
  wrong?: boolean;
}

interface Toast extends Done {
  id: number;
}

const SECONDS = 10;
const MOST_SHOWN = 3;
const MOST_UNDONE = 20;
/** Tells a page that something was taken back that it may show. */
export const UNDONE = "castalia:undone";

let shown: Toast[] = [];
let steps: Toast[] = [];
let last = 0;
let draw: () => void = () => undefined;

function change(next: Toast[]): void {
  shown = next;
  draw();
}

export function tell(done: Done): void {
  last += 1;
  const one = { ...done, id: last };
  if (one.undo) steps = [...steps, one].slice(-MOST_UNDONE);
  change([...shown.slice(1 - MOST_SHOWN), one]);
}

/** Say what was done; with `undo`, offer to take it back. */
export const toast = (said: string, undo?: Undo): void => tell({ said, undo });

let taken: Promise<void> = Promise.resolve();

/** One after the other: two that change the same thing must not overtake each other. */
function back(one: Toast): Promise<void> {
  steps = steps.filter((step) => step !== one);
  change(shown.filter((each) => each.id !== one.id));
  taken = taken.then(() => undone(one));
  return taken;
}

async function undone(one: Toast): Promise<void> {
  try {
    await one.undo?.();
    tell({ said: `Undone: ${one.said}` });
    dispatchEvent(new Event(UNDONE));
  } catch (error) {
    if (error === LOST) steps = [...steps, one]; // it can be tried again when the workbench is back
    tell({ said: `It could not be undone: ${error === LOST ? "the workbench does not answer" : error instanceof Error ? error.message : String(error)}`, wrong: true });
  }
}

/** Calls `again` when something was taken back. */
export function useUndone(again: () => void): void {
  const latest = useRef(again);
  latest.current = again;
  useEffect(() => {
    const heard = (): void => latest.current();
    addEventListener(UNDONE, heard);
    return () => removeEventListener(UNDONE, heard);
  }, []);
}

/** The toasts; while the pointer or the focus is on one, all stay. */
export function Toasts() {
  const [, redraw] = useState(0);
  const [held, setHeld] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const before = useRef<HTMLElement | null>(null);
  draw = () => redraw((n) => n + 1);
  const oldest = shown[0]?.id;
  /** Who was among the toasts goes back to where they came from. */
  const leave = (): void => {
    setHeld(false);
    if (box.current?.contains(document.activeElement)) before.current?.focus();
  };
  // One that newer ones pushed away takes the pointer and the focus with it, and nothing says that they left.
  useLayoutEffect(() => {
    if (!held || box.current?.matches(":hover") || box.current?.contains(document.activeElement)) return;
    setHeld(false);
    if (document.activeElement === document.body) before.current?.focus();
  });
  useEffect(() => {
    if (oldest === undefined || held) return;
    const timer = setTimeout(() => change(shown.filter((one) => one.id !== oldest)), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [oldest, held]);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable],dialog");
      const step = steps[steps.length - 1];
      if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || typing || !step) return;
      event.preventDefault();
      leave();
      void back(step);
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);
  const line = (one: Toast) => (
    <div class={one.wrong ? "toast bad" : "toast"} key={one.id}>
      <span>
        <bdi>{one.said}</bdi>
      </span>
      {one.undo && steps.includes(one) && (
        <button
          type="button"
          class="button little"
          aria-keyshortcuts="Control+Z Meta+Z"
          aria-label={`Undo: ${one.said}`}
          onClick={() => {
            leave();
            void back(one);
          }}
        >
          Undo
        </button>
      )}
    </div>
  );
  return (
    <div
      class="toasts"
      ref={box}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(box.current?.contains(document.activeElement) ?? false)}
      onFocusIn={(event) => {
        const from = event.relatedTarget as HTMLElement | null;
        if (from && !box.current?.contains(from)) before.current = from;
        setHeld(true);
      }}
      onFocusOut={(event) => !box.current?.contains(event.relatedTarget as Node | null) && setHeld(false)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        leave();
        change([]);
      }}
    >
      <div role="status">{shown.filter((one) => !one.wrong).map(line)}</div>
      <div aria-live="assertive">{shown.filter((one) => one.wrong).map(line)}</div>
    </div>
  );
}
