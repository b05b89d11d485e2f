// Jobs as the pages need them: which are alive, how far they are, which system they train.
import type { Job } from "./types";

export const running = (job: Job): boolean => job.status === "running" || job.status === "queued";

export function progressOf(job: Job): [number, number] | null {
  const at = job.progress;
  if (Array.isArray(at)) return [at[0], at[1]];
  return at ? [at.done, at.total] : null;
}

/** The address of the system a fit belongs to, wherever the job says it. */
export function systemOf(job: Job): string {
  const args = job.args ?? {};
  const named = args.address ?? args.system ?? args.name ?? "";
  return String(named).split("@")[0]!.replace("/", "~");
}

export function runOf(job: Job): string {
  const named = job.args?.run_id ?? job.result?.run_id;
  return typeof named === "string" ? named : "";
}
