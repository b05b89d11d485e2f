// Light and dark: the machine's wish until the person chooses, then theirs, kept in this browser.
import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const wish = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function chosen(): Theme | null {
  try {
    const kept = localStorage.getItem("castalia.theme");
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null;
  }
}

export const theme = (): Theme => chosen() ?? (wish.matches ? "dark" : "light");

export function showTheme(): void {
  document.documentElement.dataset.theme = theme();
  for (const listener of [...listeners]) listener();
}

export function turnTheme(): void {
  const next: Theme = theme() === "dark" ? "light" : "dark";
  try {
    if (next === (wish.matches ? "dark" : "light")) localStorage.removeItem("castalia.theme");
    else localStorage.setItem("castalia.theme", next);
  } catch {
    // private windows may refuse storage: the choice then lasts as long as the page
  }
  document.documentElement.dataset.theme = next;
  for (const listener of [...listeners]) listener();
}

wish.addEventListener("change", showTheme);

/** The theme on show; draws again when it turns (canvases must). */
export function useTheme(): Theme {
  const now = (): Theme => (document.documentElement.dataset.theme === "dark" ? "dark" : "light");
  const [shown, setShown] = useState<Theme>(now);
  useEffect(() => {
    const listener = () => setShown(now());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return shown;
}

/** The value of a colour token now, for what is drawn on a canvas. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
