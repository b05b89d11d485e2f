import { useEffect, useState } from "preact/hooks";

interface Toast {
  id: number;
  text: string;
  undo: (() => unknown) | undefined;
}

const SECONDS = 8;
let shown: Toast[] = [];
let last = 0;
let draw: () => void = () => undefined;

function change(next: Toast[]): void {
  shown = next;
  draw();
}

/** Say what was done, at the foot of the page; with `undo`, offer to take it back. */
export function toast(text: string, undo?: () => unknown): void {
  last += 1;
  change([...shown.slice(-2), { id: last, text, undo }]);
}

/** The toasts; one stays while the pointer or the focus is on it. */
export function Toasts() {
  const [, redraw] = useState(0);
  const [held, setHeld] = useState(false);
  draw = () => redraw((n) => n + 1);
  const oldest = shown[0]?.id;
  const close = (id: number) => {
    setHeld(false);
    change(shown.filter((one) => one.id !== id));
  };
  useEffect(() => {
    if (oldest === undefined || held) return;
    const timer = setTimeout(() => close(oldest), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [oldest, held]);
  return (
    <div class="toasts" role="status" onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)} onFocusIn={() => setHeld(true)} onFocusOut={() => setHeld(false)}>
      {shown.map((one) => (
        <p class="toast" key={one.id} onKeyDown={(event) => event.key === "Escape" && close(one.id)}>
          <span>{one.text}</span>
          {one.undo && (
            <button
              type="button"
              class="button little"
              onClick={() => {
                close(one.id);
                one.undo?.();
              }}
            >
              Undo
            </button>
          )}
        </p>
      ))}
    </div>
  );
}
