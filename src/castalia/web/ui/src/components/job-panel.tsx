import { useState } from "preact/hooks";
import { Problem, part, send } from "../api";
import type { Job, JobError } from "../types";
import type { Following } from "../following";
import { running } from "../jobs";
import { Icon } from "./icons";
import { JobBar } from "./job-bar";
import { JobLog } from "./job-log";
import { ProblemBox } from "./problem";
import { Status } from "./state";

/** How far a job is, how fast, how long still; its log; the button that stops it. */
export function JobPanel({ following, id }: { following: Following; id: string }) {
  const { job, progress, rate } = following;
  const alive = !job || running(job);
  const { doing, problem } = useActing(following, id);
  return (
    <section class="stack" aria-label="Progress">
      <div class="row apart">
        <span class="row">
          <Status status={job?.state ?? "queued"} />
          {job?.attempt !== undefined && job.attempt > 1 && <span class="chip">attempt {job.attempt}</span>}
        </span>
        {doing}
      </div>
      {alive && <JobBar progress={progress} rate={rate} queued={job?.state === "queued"} started={job?.started ?? null} />}
      {problem && <ProblemBox problem={problem} />}
      {job?.state === "failed" && <Failed error={job.error ?? {}} />}
      <Log id={id} alive={alive} open={job?.state === "failed"} />
    </section>
  );
}

/** The button that stops a job or lets it go on, and what the server says against it; `again` is called when it has agreed. */
export function useActing(following: Following, id: string, again?: () => void): { doing: preact.JSX.Element | null; problem: Problem | undefined } {
  const [problem, setProblem] = useState<Problem>();
  const { job } = following;
  const act = async (what: "cancel" | "resume"): Promise<void> => {
    setProblem(undefined);
    try {
      await send<Job>("POST", `jobs/${part(id)}/${what}`);
      if (what === "resume") following.restart();
      again?.();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  const doing =
    !job || running(job) ? (
      <button type="button" class="button danger little" onClick={() => void act("cancel")} aria-disabled={job?.stopping}>
        <Icon name="stop" /> {job?.stopping ? "Stopping… press again to kill it" : "Cancel"}
      </button>
    ) : job.state === "failed" || job.state === "cancelled" ? (
      <button type="button" class="button little" onClick={() => void act("resume")}>
        Go on with it
      </button>
    ) : null;
  return { doing, problem };
}

export function Failed({ error }: { error: JobError }) {
  const { log_tail: tail, ...parts } = error;
  const found = new Problem(0, { subject: "It failed", ...(parts as Record<string, unknown>) });
  const lines = Array.isArray(tail) ? tail.join("\n") : (tail ?? "");
  return (
    <>
      <ProblemBox problem={found} />
      {lines && (
        <div class="stack tight">
          <span class="label">Its last lines</span>
          <pre class="log" tabIndex={0} role="region" aria-label="Its last lines" ref={(box) => {
            if (box) box.scrollTop = box.scrollHeight;
          }}>
            {lines}
          </pre>
        </div>
      )}
    </>
  );
}

/** What the job printed, fetched when it is opened. */
function Log({ id, alive, open }: { id: string; alive: boolean; open: boolean }) {
  const [shown, setShown] = useState(false);
  if (open) return null;
  return (
    <details onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>Log</summary>
      {shown && <JobLog id={id} alive={alive} />}
    </details>
  );
}
