// A learner's day and plan as the server tells them.
export interface Gap {
  topic: string;
  title: string;
  why: string;
  since: string;
  until: string;
  /** What is typed in the shell by who knows it now; empty where a check closes it. */
  done_command: string;
}

export interface Step {
  id: string;
  project: string;
  number: string;
  title: string;
  minutes: number;
  check: boolean;
  says: string;
  claim: string;
  words: string;
  command: string;
}

export interface Source {
  title: string;
  url: string;
  kind: string;
  cost: string;
  cost_as_of: string;
  scope: string;
}

export interface Exit {
  kind: "hours" | "later" | "cut";
  possible: boolean;
  words: string;
  hours: number;
  target: string | null;
  cut: string[];
}

export interface Week {
  number: number;
  start: string;
  planned: number;
  shares: { kind: string; id: string; title: string; hours: number }[];
}

export interface Plan {
  goal: { id: string; title: string; kind: string };
  hours: number;
  start: string;
  target: string | null;
  topics: string[];
  finish_p50: string | null;
  finish_p90: string | null;
  verdict: string;
  basis: string[];
  tested: string;
  feasible: boolean;
  hours_needed: { total: number; before: number | null; with_buffer: number | null };
  exits: Exit[];
  week: Week | null;
  moved: string;
}

/** The settings of a plan, as they are sent back too. */
export interface Settled {
  goal: string;
  hours: number;
  start: string | null;
  target: string | null;
}

export interface Kept extends Plan {
  settled: Settled;
  before: Settled | null;
}

export interface Day {
  date: string;
  goal: { id: string; title: string; chosen: boolean };
  gap: Gap | null;
  milestone: Step | null;
  minutes: number;
  links: Source[];
  reviews: { id: string; title: string; minutes: number; command: string }[];
  back: { days: number; minutes: number; words: string; command: string; project: string } | null;
  stop: string;
  next_time: string;
  bug: { contract: string; id: string; question: string } | null;
  tip: string;
  tip_url: string;
  warnings: string[];
  chosen: boolean;
  plan: Plan | null;
  settled: Settled;
  about: Record<string, string>;
  known: string[];
  own: { resources: OwnResource[]; gaps: OwnGap[] };
}

export interface OwnResource {
  title: string;
  hours: number;
  day: string;
  topic: string;
  url: string;
}

export interface OwnGap {
  title: string;
  topic: string;
  hours: number;
  chosen: boolean;
}

/** The gap that it was, and since when. */
export interface Holding {
  topic: string;
  since: string;
}

export interface Goal {
  id: string;
  title: string;
  kind: string;
  topics: number;
  hours: number;
}

export interface Skill {
  id: string;
  title: string;
  topics: { id: string; title: string }[];
}

export interface Choices {
  goals: Goal[];
  skills: Skill[];
  hours: [number, number];
}

export interface Reply {
  question: string;
  seed: number;
  text: string;
  skipped: boolean;
}

const far = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const near = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const local = (day: string): Date => new Date(`${day}T00:00`);

/** 2027-05-24 as 24 May 2027. */
export const dated = (day: string): string => (/^\d{4}-\d\d-\d\d$/.test(day) ? far.format(local(day)) : day);
export const weekday = (day: string): string => near.format(local(day));

/** The dates inside a sentence of the server's as the rest of the page writes them. */
export const spoken = (words: string): string => words.replace(/\b\d{4}-\d\d-\d\d\b/g, dated);
