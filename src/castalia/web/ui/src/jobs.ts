// Jobs as the pages need them: which are alive, which system they train, which run they write.
import type { Job } from "./types";

export const running = (job: Job): boolean => job.state === "running" || job.state === "queued";

/** Where those that run or wait are asked for. */
export const LIVE = "jobs?state=running&state=queued&limit=1000";

interface Plan {
  address?: unknown;
  run_id?: unknown;
  model?: unknown;
}

const planOf = (job: Job): Plan => (typeof job.args?.plan === "object" && job.args.plan !== null ? (job.args.plan as Plan) : {});

/** The address of the system that a fit trains, as our own addresses write it. */
export const systemOf = (job: Job): string => String(planOf(job).address ?? "").split("@")[0]!.replace("/", "~");

export function runOf(job: Job): string {
  const named = planOf(job).run_id ?? job.result?.run_id;
  return typeof named === "string" ? named : "";
}
