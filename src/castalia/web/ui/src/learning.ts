// What can be built and checked, as the server tells it, and the words for it.
export interface CheckLine {
  name: string;
  address: string;
  title: string;
  kind: "exercise" | "project";
  system: boolean;
  summary: string;
  milestones: { id: string; title: string; claims: number }[];
  last: { outcome: string; checked: number; passed: number; current: boolean } | null;
  problem?: { subject: string; cure: string };
}

export interface Claim {
  id: string;
  words: string;
  tier: "core" | "stretch" | "perf";
  topics: { id: string; title?: string; weight: number }[];
  /** The rungs that were read. */
  hints: string[];
}

export interface Milestone {
  id: string;
  title: string;
  claims: Claim[];
}

export interface Draft {
  text: string;
  tag: string;
  saved: number;
  /** What was overwritten, where this text had not grown from it. */
  replaced: string | null;
}

export interface ClaimResult {
  id: string;
  milestone: string;
  outcome: string;
  seed: number;
  got: unknown;
  expected: unknown;
  topic: string;
  topic_title?: string;
  words: string;
  why: string;
  input: string;
  call?: string;
  /** Which of the claim's cases failed; -1 where none was reached. */
  case: number;
  file_line: string;
  action: string;
  output: string;
}

export interface Report {
  project: string;
  outcome: string;
  seed: number;
  claims: ClaimResult[];
  milestone: string | null;
  left_out?: string[];
  contract_hash: string;
  enforced?: { name: string; enforced: boolean; why?: string }[];
  warnings?: string[];
  draft?: Draft;
  /** The milestone whose stubs the learner's own file does not have yet. */
  stubs?: string;
}

export interface LastReport extends Report {
  checked: number;
  file: string;
  of_draft: boolean;
  current: boolean;
}

export interface Project {
  name: string;
  address: string;
  title: string;
  kind: "exercise" | "project";
  system: boolean;
  project: string;
  contract_hash: string;
  summary: string;
  interface: string;
  start: string;
  file: string;
  place: string;
  /** The file of the learner's that the page works on; "" for a text of its own. */
  chosen: string;
  places: { id: string; label: string }[];
  rungs: number;
  milestones: Milestone[];
  draft: Draft | null;
  draft_problem: Record<string, unknown> | null;
  last: LastReport | null;
  opened: boolean;
  warnings: string[];
}

export const outcomes: Record<string, string> = {
  pass: "Passed",
  fail: "Wrong answer",
  not_attempted: "Not written yet",
  learner_error: "The code stopped",
  timeout: "Out of time",
  memory: "Out of memory",
  tool_error: "Our fault",
};

/** Whether the file stopped before any claim was asked: it is no Python, or what it imports is missing. */
export const unloaded = (failed: ClaimResult): boolean => failed.outcome === "learner_error" && (failed.case === -1 || unreadable(failed));

const unreadable = (failed: ClaimResult): boolean => /^it raised (Syntax|Indentation|Tab)Error\b/.test(failed.why);

/** What happened, in a few words: "Wrong answer", "softmax.py cannot be read". */
export function headline(failed: ClaimResult, file: string): string {
  if (unloaded(failed)) return `${file} cannot be ${unreadable(failed) ? "read" : "loaded"}`;
  return outcomes[failed.outcome] ?? failed.outcome;
}

/** The claim to show: the first of the core that did not pass, else the first of the others. */
export function failing(report: Report | undefined, milestones: Milestone[]): ClaimResult | undefined {
  const core = new Set(milestones.flatMap((one) => one.claims.filter((claim) => claim.tier === "core").map((claim) => claim.id)));
  const wrong = (report?.claims ?? []).filter((one) => one.outcome !== "pass");
  return wrong.find((one) => core.has(one.id)) ?? wrong[0];
}

export type Progress = "passed" | "here" | "later";

/** How far a milestone is: passed, being worked on, or not reached. */
export function progress(milestone: Milestone, report: Report | undefined, reachable: boolean): Progress {
  const results = new Map((report?.claims ?? []).map((one) => [one.id, one.outcome]));
  const core = milestone.claims.filter((one) => one.tier === "core");
  if (core.length && core.every((one) => results.get(one.id) === "pass")) return "passed";
  return reachable || core.some((one) => results.has(one.id)) ? "here" : "later";
}

/** The line in "softmax.py:12", 0 where there is none. */
export const lineOf = (place: string, file: string): number => {
  const found = /^(.*):(\d+)$/.exec(place);
  return found && found[1] === file ? Number(found[2]) : 0;
};
