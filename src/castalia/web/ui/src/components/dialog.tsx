import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { ProblemBox } from "./problem";
import { useTrying } from "./trying";

/** The browser's own modal dialog: Escape and the shade behind it close it, the focus goes back. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      // Closed first: behind an open one nothing takes the focus.
      dialog?.close();
      before?.focus();
    };
  }, []);
  return (
    <dialog ref={box} class="veil sheet" aria-label={title} onClose={() => box.current && close()} onMouseDown={(event) => event.target === box.current && box.current?.close()}>
      <div class="sheet-in stack">
        <h2>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface Asking {
  title: string;
  /** What it does, and the word on its button. */
  act: () => Promise<unknown>;
  does: string;
  close: () => void;
  leaves?: string;
  danger?: boolean;
  /** Nothing can be done yet. */
  off?: boolean;
  children: ComponentChildren;
}

/** A dialog that asks for something, does it and closes; what is said against it stands above the buttons. */
export function FormDialog({ title, act, does, close, leaves = "Cancel", danger = false, off = false, children }: Asking) {
  const { problem, busy, attempt } = useTrying();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!off && !busy && (await attempt(act))) close();
  };
  return (
    <Dialog title={title} close={close}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        {children}
        {problem && <ProblemBox problem={problem} />}
        <div class="row">
          <button type="submit" class={danger ? "button danger" : "button first"} disabled={off || busy}>
            {does}
          </button>
          <button type="button" class="button" onClick={close}>
            {leaves}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A control with its label above and what helps below, which is not part of its name. */
export function Field({ label, help, children }: { label: string; help?: string; children: (at: { id: string; "aria-describedby": string | undefined }) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      {children({ id, "aria-describedby": help ? `${id}-help` : undefined })}
      {help && (
        <span class="help" id={`${id}-help`}>
          {help}
        </span>
      )}
    </div>
  );
}
