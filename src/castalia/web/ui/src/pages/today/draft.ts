// What was said in the intake so far. A reload keeps it; closing the tab forgets it.
import { useState } from "preact/hooks";
import type { Day, Reply } from "./types";

export interface Draft {
  goal: string;
  title: string;
  hours: string;
  start: string;
  target: string;
  known: string[];
  about: { beginning: string; strengths: string; worries: string };
  answers: Reply[];
  cut: string[];
  seed: number;
  /** The plan that was kept when this was begun: beside another one it means nothing any more. */
  of: string;
}

const key = "castalia.intake";

function begin(day: Day): Draft {
  const { goal, hours, target } = day.settled;
  return {
    goal,
    title: goal ? day.goal.title : "",
    hours: hours ? String(hours) : "",
    start: "",
    target: target ?? "",
    known: day.known,
    about: { beginning: day.about.beginning ?? "", strengths: day.about.strengths ?? "", worries: day.about.worries ?? "" },
    answers: [],
    cut: [],
    seed: Math.floor(Math.random() * 2 ** 31),
    of: JSON.stringify([day.settled, day.known]),
  };
}

function read(day: Day): Draft {
  const fresh = begin(day);
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null") as Partial<Draft> | null;
    return found && typeof found === "object" && found.of === fresh.of ? { ...fresh, ...found, about: { ...fresh.about, ...found.about } } : fresh;
  } catch {
    return fresh;
  }
}

export function useDraft(day: Day): { draft: Draft; change: (changes: Partial<Draft>) => void; forget: () => void } {
  const [draft, setDraft] = useState(() => read(day));
  const change = (changes: Partial<Draft>): void =>
    setDraft((now) => {
      const next = { ...now, ...changes };
      try {
        sessionStorage.setItem(key, JSON.stringify(next));
      } catch {
        // a window that keeps nothing asks again after a reload
      }
      return next;
    });
  const forget = (): void => {
    try {
      sessionStorage.removeItem(key);
    } catch {
      // there was nothing to forget
    }
  };
  return { draft, change, forget };
}

/** What the planner is asked. */
export function request(draft: Draft, day: Day, known = true): object {
  return {
    goal: draft.goal,
    hours: Number(draft.hours),
    target: draft.target || null,
    ...(draft.start ? { start: draft.start } : {}),
    ...(known ? { known: draft.known, unknown: day.known.filter((id) => !draft.known.includes(id)), answers: draft.answers, cut: draft.cut } : {}),
  };
}
