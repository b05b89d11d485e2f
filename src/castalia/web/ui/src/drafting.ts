// The text of a draft: saved by itself, kept in this browser until the server has it, told when another tab changed it.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { LOST, Problem, get, part, send } from "./api";
import { useConnection } from "./connection";
import type { Draft, Project } from "./learning";

const PAUSE = 700;

export type Saving = "start" | "saved" | "unsaved" | "saving";

export interface Drafting {
  text: string;
  write: (text: string) => void;
  saving: Saving;
  problem: Problem | undefined;
  /** What another tab had written and this one wrote over. */
  other: string | undefined;
  /** Another tab's or editor's text was taken over. */
  taken: boolean;
  forget: () => void;
  /** The text and what it grew from, to be sent with a check. */
  current: () => { text: string; base: string | null; place: string };
  /** Save now; whether the server has the text. */
  flush: () => Promise<boolean>;
  /** Read what the server has, after it changed the file itself. */
  look: () => Promise<void>;
  /** While a check runs its file stays as it is: what is typed meanwhile is saved afterwards. */
  hold: (on: boolean) => void;
  /** The server has kept this. */
  kept: (draft: Draft) => void;
}

interface Left {
  text: string;
  base: string | null;
}

function left(key: string): Left | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Left | null;
    return found && typeof found.text === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}

function leave(key: string, value: Left | undefined): void {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    // a window that keeps nothing: the server's copy is enough
  }
}

/** What was left behind, unless the server has that very text by now: then it grew from nothing older. */
function begin(key: string, project: Project): Left {
  const found = left(key);
  if (found && found.text !== project.draft?.text) return found;
  leave(key, undefined);
  return { text: project.draft?.text ?? project.start, base: project.draft?.tag ?? null };
}

export function useDrafting(project: Project): Drafting {
  const key = `castalia.draft.${project.address}${project.chosen && `#${project.chosen}`}`;
  const path = `checks/${part(project.address)}`;
  const begun = useRef<Left | undefined>(undefined);
  begun.current ??= begin(key, project);
  const tag = useRef(begun.current.base);
  const server = useRef<string | undefined>(project.draft?.text);
  const latest = useRef(begun.current.text);
  // What this tab sent itself, with a check or a save that has not come back: writing over it is no conflict.
  const sent = useRef<string[]>([]);
  const held = useRef(false);
  const timer = useRef(0);
  const [text, setText] = useState(begun.current.text);
  const dirty = (): boolean => latest.current !== (server.current ?? project.start);
  const [saving, setSaving] = useState<Saving>(dirty() ? "unsaved" : project.draft ? "saved" : "start");
  const [problem, setProblem] = useState<Problem>();
  const [other, setOther] = useState<string>();
  const [taken, setTaken] = useState(false);
  const { returns } = useConnection();

  const sending = (): void => {
    sent.current = [...sent.current.filter((one) => one !== latest.current), latest.current].slice(-20);
  };

  const kept = useCallback((draft: Draft): void => {
    tag.current = draft.tag;
    server.current = draft.text;
    setProblem(undefined);
    if (draft.replaced !== null && !sent.current.includes(draft.replaced)) setOther(draft.replaced);
    const whole = latest.current === draft.text;
    leave(key, whole ? undefined : { text: latest.current, base: draft.tag });
    setSaving(whole ? "saved" : "unsaved");
  }, []);

  const save = useCallback(async (): Promise<void> => {
    clearTimeout(timer.current);
    if (held.current || !dirty()) return;
    setSaving("saving");
    sending();
    try {
      kept(await send<Draft>("PUT", `${path}/draft`, { text: latest.current, base: tag.current, place: project.chosen }));
      if (dirty()) timer.current = window.setTimeout(() => void save(), PAUSE);
    } catch (error) {
      setSaving("unsaved");
      if (error !== LOST && error instanceof Problem) setProblem(error);
    }
  }, []);

  const write = useCallback((next: string): void => {
    latest.current = next;
    setText(next);
    setTaken(false);
    setSaving("unsaved");
    leave(key, { text: next, base: tag.current });
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void save(), PAUSE);
  }, []);

  useEffect(() => {
    // Left over from a page that closed before it could save, or from a workbench that was away.
    void save();
  }, [returns]);

  const look = useCallback(async (): Promise<void> => {
    if (document.visibilityState === "hidden") return save();
    if (dirty()) return save();
    const found = await get<Project>(path).catch(() => undefined);
    const now = found?.chosen === project.chosen ? found.draft : null;
    if (!now || now.tag === tag.current || dirty()) return;
    tag.current = now.tag;
    server.current = latest.current = now.text;
    setText(now.text);
    setSaving("saved");
    setTaken(true);
  }, []);
  const flush = useCallback(async (): Promise<boolean> => {
    await save();
    return !dirty();
  }, []);

  useEffect(() => {
    const turned = (): void => void look();
    document.addEventListener("visibilitychange", turned);
    addEventListener("focus", turned);
    return () => {
      document.removeEventListener("visibilitychange", turned);
      removeEventListener("focus", turned);
      void save();
    };
  }, []);

  const forget = useCallback(() => {
    setOther(undefined);
    setTaken(false);
  }, []);
  const current = useCallback(() => {
    sending();
    return { text: latest.current, base: tag.current, place: project.chosen };
  }, []);
  const hold = useCallback((on: boolean): void => {
    held.current = on;
    if (!on) void save();
  }, []);
  return { text, write, saving, problem, other, taken, forget, current, flush, look, hold, kept };
}
