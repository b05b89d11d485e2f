import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

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
