import { useEffect, useRef, useState } from "preact/hooks";

export interface Done {
  /** What was done: "3 runs in the trash". */
  said: string;
  undo?: () => Promise<unknown>;
  wrong?: boolean;
}

const SECONDS = 10;

/** Says what was done and takes it back: for ten seconds, or with Ctrl+Z; the pointer or the focus on it stops the time. */
export function useUndo(): { did: (done: Done) => void; toast: preact.JSX.Element } {
  const [done, setDone] = useState<Done>();
  const [held, setHeld] = useState(false);
  const latest = useRef(done);
  latest.current = done;
  const back = (): void => {
    const undo = latest.current?.undo;
    if (!undo) return;
    setDone(undefined);
    undo().then(
      () => setDone({ said: "Undone" }),
      (error: unknown) => setDone({ said: `It could not be undone: ${error instanceof Error ? error.message : String(error)}`, wrong: true }),
    );
  };
  useEffect(() => {
    if (!done || held) return;
    const timer = setTimeout(() => setDone(undefined), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [done, held]);
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox]),textarea,select,[contenteditable],dialog");
      if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || typing || !latest.current?.undo) return;
      event.preventDefault();
      back();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);
  const toast = (
    <div class="toasts" role={done?.wrong ? "alert" : "status"}>
      {done && (
        <div class="toast" onMouseEnter={() => setHeld(true)} onMouseLeave={() => setHeld(false)} onFocusCapture={() => setHeld(true)} onBlurCapture={() => setHeld(false)}>
          <span>{done.said}</span>
          {done.undo && (
            <button type="button" class="button little" onClick={back} aria-keyshortcuts="Control+Z Meta+Z">
              Undo
            </button>
          )}
        </div>
      )}
    </div>
  );
  return { did: setDone, toast };
}
