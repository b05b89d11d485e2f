import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";

export interface MenuItem {
  label: string;
  act?: () => void;
  /** The key that does the same. */
  hint?: string;
  checked?: boolean;
  danger?: boolean;
  off?: boolean;
}

/** Null draws a line between two parts. */
export type MenuItems = (MenuItem | null)[];

export interface Anchor {
  x: number;
  y: number;
  back?: HTMLElement | undefined;
}

/** Below an element. */
export function below(element: HTMLElement, back = element): Anchor {
  const box = element.getBoundingClientRect();
  return { x: box.left, y: box.bottom + 2, back };
}

/** A list of things to do: arrows, Home, End and letters move, Enter does, Escape leaves; the focus goes back. */
export function Menu({ label, items, at, close }: { label: string; items: MenuItems; at: Anchor; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const entries = (): HTMLElement[] => [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]:not([aria-disabled=true])") ?? [])];
  useLayoutEffect(() => {
    const menu = box.current;
    if (!menu) return;
    const size = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(at.x, innerWidth - size.width - 8))}px`;
    menu.style.top = `${Math.max(8, Math.min(at.y, innerHeight - size.height - 8))}px`;
    entries()[0]?.focus();
    // Not with the entries: they are made anew at each drawing, and who is on one of them stays there.
  }, [at]);
  const leave = (): void => {
    close();
    at.back?.focus();
  };
  useEffect(() => {
    const outside = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) close();
    };
    addEventListener("pointerdown", outside, true);
    addEventListener("blur", close);
    return () => {
      removeEventListener("pointerdown", outside, true);
      removeEventListener("blur", close);
    };
  }, []);
  const keys = (event: KeyboardEvent): void => {
    const all = entries();
    const now = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") leave();
    else if (event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const letter = event.key.toLowerCase();
      [...all.slice(now + 1), ...all].find((one) => one.textContent?.toLowerCase().startsWith(letter))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="menu" role="menu" aria-label={label} ref={box} onKeyDown={keys}>
      {items.map((one, i) =>
        one ? (
          <button
            key={i}
            type="button"
            role={one.checked === undefined ? "menuitem" : "menuitemcheckbox"}
            aria-checked={one.checked}
            aria-disabled={one.off}
            tabIndex={-1}
            class={one.danger ? "danger" : undefined}
            onClick={() => {
              if (one.off) return;
              leave();
              one.act?.();
            }}
          >
            <span>{one.label}</span>
            {one.checked && <Icon name="check" size={14} />}
            {one.hint && <kbd aria-hidden="true">{one.hint}</kbd>}
          </button>
        ) : (
          <div key={i} role="separator" />
        ),
      )}
    </div>
  );
}
