import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, part, request, send } from "../api";
import { duration, number } from "../format";
import type { JobError } from "../types";
import type { Following } from "../following";
import { running } from "../jobs";
import { Icon } from "./icons";
import { ProblemBox } from "./problem";
import { Status } from "./state";

/** How far a job is, how fast, how long still; its log; the button that stops it. */
export function JobPanel({ following, id }: { following: Following; id: string }) {
  const { job, progress, rate } = following;
  const [problem, setProblem] = useState<Problem>();
  const alive = !job || running(job);
  const act = async (what: "cancel" | "resume"): Promise<void> => {
    setProblem(undefined);
    try {
      await send("POST", `jobs/${part(id)}/${what}`);
      if (what === "resume") following.restart();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <section class="stack" aria-label="Progress">
      <div class="row apart">
        <span class="row">
          <Status status={job?.state ?? "queued"} />
          {job?.attempt !== undefined && job.attempt > 1 && <span class="chip">attempt {job.attempt}</span>}
        </span>
        {alive && (
          <button type="button" class="button danger little" onClick={() => void act("cancel")} aria-disabled={job?.stopping}>
            <Icon name="stop" /> {job?.stopping ? "Stopping… press again to kill it" : "Cancel"}
          </button>
        )}
        {job && (job.state === "failed" || job.state === "cancelled") && (
          <button type="button" class="button little" onClick={() => void act("resume")}>
            Go on with it
          </button>
        )}
      </div>
      {alive && <Bar progress={progress} rate={rate} queued={job?.state === "queued"} started={job?.started ?? null} />}
      {problem && <ProblemBox problem={problem} />}
      {job?.state === "failed" && <Failed error={job.error ?? {}} />}
      <Log id={id} alive={alive} open={job?.state === "failed"} />
    </section>
  );
}

function Bar({ progress, rate, queued, started }: { progress: [number, number] | undefined; rate: number; queued: boolean; started: number | null }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const [done, total] = progress ?? [0, 0];
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const left = rate > 0 && total > done ? (total - done) / rate : NaN;
  const words = queued
    ? "Waiting for the job before it"
    : total > 0
      ? [`${number(done)} of ${number(total)}`, rate > 0 && `${number(Number(rate.toPrecision(3)))} a second`, Number.isFinite(left) && `${duration(left)} left`].filter(Boolean).join(" · ")
      : started
        ? `Running for ${duration(Math.max(0, now / 1000 - started))}`
        : "Starting";
  return (
    <div class="stack tight">
      <div class={total > 0 ? "progress" : "progress unknown"} role="progressbar" aria-label="Training" aria-valuemin={0} aria-valuemax={100} {...(total > 0 ? { "aria-valuenow": Math.round(share * 100), "aria-valuetext": words } : {})}>
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <span class="small muted num">{words}</span>
    </div>
  );
}

function Failed({ error }: { error: JobError }) {
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

/** What the job printed, asked again while it is open and the job lives. */
function Log({ id, alive, open }: { id: string; alive: boolean; open: boolean }) {
  const [shown, setShown] = useState(false);
  const [text, setText] = useState("");
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (!shown) return;
    let timer = 0;
    let gone = false;
    const ask = async (): Promise<void> => {
      try {
        const answer = await request(`jobs/${part(id)}/log?lines=200`);
        const found = await answer.text();
        if (!gone) setText(found);
      } catch {
        // the panel says what is wrong with the job; a missing log says nothing more
      }
      if (alive && !gone) timer = window.setTimeout(ask, 1500);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [shown, id, alive]);
  useEffect(() => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  if (open) return null;
  return (
    <details onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>Log</summary>
      <pre class="log" ref={box} tabIndex={0} role="region" aria-label="Log">
        {text || "Nothing was printed yet."}
      </pre>
    </details>
  );
}

