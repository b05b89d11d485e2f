// What a job says of itself, in words.
import { calm } from "../../format";
import type { Job } from "../../types";

/** Why it ended as it did, in a line; empty where its state says it all. */
export function reasonOf(job: Job): string {
  if (job.state === "cancelled") return "stopped by hand";
  if (job.state !== "failed") return "";
  const { subject = "", got = "" } = job.error ?? {};
  return calm([subject, got].filter(Boolean).join(": ")) || "it did not say why";
}

/** Seconds that its last attempt took, or takes so far. */
export function secondsOf(job: Job, now = Date.now()): number | undefined {
  if (!job.started || job.state === "queued") return undefined;
  const end = job.ended ?? (job.state === "running" ? now / 1000 : undefined);
  return end === undefined ? undefined : Math.max(0, end - job.started);
}

/** What the lists call it. */
export const titleOf = (job: Job): string => job.title || job.id;
