// Notices as they come: asked for every few seconds, as a stream a tab would use up the few connections a browser has.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import { keep, kept } from "./kept";
import { go, href } from "./router";

export interface Notice {
  id: number;
  time: number;
  kind: string;
  level: string;
  run_id: string;
  rule: number;
  rule_name: string | null;
  text: string;
  hook: string;
  hook_said: string;
}

const MOST = 100;
const EVERY = { seen: 4000, hidden: 15000 };
let all: Notice[] = [];
let begun = false;
let known = false;
const listeners = new Set<() => void>();

const tell = (): void => {
  for (const listener of [...listeners]) listener();
};

async function ask(): Promise<void> {
  if (!document.hidden || desktop() === "granted") {
    try {
      const since = known ? `?since=${all[0]?.id ?? 0}` : `?limit=${MOST}`;
      const { notices } = await get<{ notices: Notice[] }>(`notices${since}`);
      const told = known && !document.hasFocus() ? notices.slice(0, 3) : [];
      if (notices.length || !known) {
        all = [...notices, ...all].slice(0, MOST);
        if (!known && !kept("read")) keep("read", String(all[0]?.id ?? 0));
        known = true;
        tell();
      }
      told.forEach(show);
    } catch {
      // the banner says that the workbench is away; the next turn asks again
    }
  }
  setTimeout(() => void ask(), document.hidden ? EVERY.hidden : EVERY.seen);
}

/** What the machine's own notices are allowed: "granted", "denied", "default" (not asked yet) or "none". */
export const desktop = (): string => (typeof Notification === "undefined" ? "none" : kept("desktop") === "on" || Notification.permission !== "granted" ? Notification.permission : "default");

/** Ask the person, who has just clicked. */
export async function askDesktop(): Promise<void> {
  if ((await Notification.requestPermission()) === "granted") keep("desktop", "on");
  tell();
}

export function endDesktop(): void {
  keep("desktop", "");
  tell();
}

function show(notice: Notice): void {
  // The tag: several open tabs show one between them.
  const shown = new Notification("Castalia", { body: notice.text, tag: `castalia-${notice.id}` });
  shown.onclick = () => {
    focus();
    go(notice.run_id ? href("runs", notice.run_id) : href("notices"));
    shown.close();
  };
}

/** {notices, fresh, known}: the newest first; `fresh` are those after the last that was read in this browser. */
export function useNotices(): { notices: Notice[]; fresh: number; known: boolean } {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    addEventListener("storage", listener);
    if (!begun) {
      begun = true;
      void ask();
    }
    return () => {
      listeners.delete(listener);
      removeEventListener("storage", listener);
    };
  }, []);
  const read = Number(kept("read")) || 0;
  return { notices: all, fresh: all.filter((one) => one.id > read).length, known };
}

export const lastRead = (): number => Number(kept("read")) || 0;

export function markRead(): void {
  keep("read", String(all[0]?.id ?? 0));
  tell();
}
