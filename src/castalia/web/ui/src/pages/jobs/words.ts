// What a job says of itself, in words.
import type { Job } from "../../types";

/** Letters that turn the direction of those behind them: in a line of ours they would turn our words. */
const turning = /[\u202a-\u202e\u2066-\u2069]/g;

/** Why it ended as it did, in a line; empty where its state says it all. */
export function reasonOf(job: Job): string {
  if (job.state === "cancelled") return "stopped by hand";
  if (job.state !== "failed") return "";
  const { subject = "", got = "" } = job.error ?? {};
  return [subject, got].filter(Boolean).join(": ").replace(turning, "") || "it did not say why";
}

/** Seconds that its last attempt took, or takes so far. */
export function secondsOf(job: Job, now = Date.now()): number | undefined {
  if (!job.started || job.state === "queued") return undefined;
  const end = job.ended ?? (job.state === "running" ? now / 1000 : undefined);
  return end === undefined ? undefined : Math.max(0, end - job.started);
}

/** What the lists call it. */
export const titleOf = (job: Job): string => job.title || job.id;
