import { useEffect, useState } from "preact/hooks";
import { get, part } from "../../api";
import { Code, Copy } from "../../components/code";
import { Icon } from "../../components/icons";
import { JobBar } from "../../components/job-bar";
import { JobLog } from "../../components/job-log";
import { Failed, useActing } from "../../components/job-panel";
import { Link } from "../../components/link";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Status, When } from "../../components/state";
import { useJob } from "../../following";
import { duration, plural } from "../../format";
import { LIVE, runOf, running, systemOf } from "../../jobs";
import { useResource } from "../../resource";
import type { Job } from "../../types";
import { MissingPage } from "../missing";
import { Attempt } from "./list";
import { secondsOf, titleOf } from "./words";

/** One job: how far it is, what it prints, how it ended; it goes on from where it was when the server returns. */
export function JobPage({ id }: { id: string }) {
  const { value, problem, again } = useResource<Job>(`jobs/${id}`, (signal) => get(`jobs/${part(id)}`, signal));
  if (!value) return problem?.status === 404 ? <MissingPage what={`There is no job ${id}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the job" />;
  return <Shown id={id} start={value} again={again} />;
}

function Shown({ id, start, again }: { id: string; start: Job; again: () => void }) {
  const following = useJob(id, start);
  const job = following.job ?? start;
  const alive = !following.job || running(job);
  const { doing, problem } = useActing(following, id);
  // Another page may have let it go on.
  useEffect(() => {
    if (following.job && !running(following.job) && running(start) && start.attempt !== following.job.attempt) following.restart();
  }, [start]);
  useEffect(() => again(), [following.job?.state]);
  const run = runOf(job);
  const system = systemOf(job);
  return (
    <div class="job">
      <div class="run-head">
        <PageHead title={titleOf(job)} crumbs={[{ label: "Jobs", to: ["jobs"] }]}>
          <div class="row small run-line">
            <span role="status">
              <Status status={following.job ? job.state : "queued"} />
            </span>
            <Attempt job={job} />
            <Took job={job} />
            {job.ended && !alive ? (
              <span class="muted">
                ended <When value={job.ended} />
              </span>
            ) : job.started ? (
              <span class="muted">
                started <When value={job.started} />
              </span>
            ) : (
              <span class="muted">
                asked for <When value={job.created} />
              </span>
            )}
          </div>
          <p class="faint small">One job: how far it is, what it printed, and how it ended.</p>
          <div class="row run-actions" role="group" aria-label="Actions">
            {doing}
            {run && (
              <Link class="button little" to={["runs", run]}>
                <Icon name="wave" size={14} /> Open its run
              </Link>
            )}
            {system && (
              <Link class="button little" to={["systems", system]} query="tab=train">
                Train {system} again
              </Link>
            )}
            <span class="row id">
              <code>{job.id}</code>
              <Copy text={job.id} what="the job's id" />
            </span>
          </div>
        </PageHead>
      </div>
      <div class="stack loose">
        {problem && <ProblemBox problem={problem} />}
        {alive && <Progress job={job} following={following} />}
        {job.state === "failed" && <Failed error={{ ...job.error, log_tail: [] }} />}
        {job.state === "cancelled" && (
          <p class="notice" role="status">
            <Icon name="stop" /> It was stopped by hand. It can go on from where it was.
          </p>
        )}
        <div class="stack tight">
          <h2>Log</h2>
          <JobLog key={id} id={id} alive={alive} tall />
        </div>
        <Facts job={job} />
      </div>
    </div>
  );
}

function Progress({ job, following }: { job: Job; following: ReturnType<typeof useJob> }) {
  const queued = job.state === "queued" || !following.job;
  const others = useResource<Job[]>(queued ? LIVE : "", (signal) => get(LIVE, signal), 3000).value;
  const before = (others ?? []).filter((one) => one.id < job.id || one.state === "running").filter((one) => one.id !== job.id).length;
  return (
    <section aria-label="Progress">
      <JobBar
        progress={queued ? undefined : following.progress}
        rate={following.rate}
        queued={queued}
        started={job.started ?? null}
        label="Progress"
        waiting={others === undefined ? "In line" : before ? `Waits behind ${plural(before, "other")}` : "Next in line"}
      />
    </section>
  );
}

/** How long its last attempt took, ticking while it goes on. */
function Took({ job }: { job: Job }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (job.state !== "running") return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [job.state]);
  const took = secondsOf(job, now);
  return took === undefined ? null : <span class="num">{duration(took)}</span>;
}

function Facts({ job }: { job: Job }) {
  const date = (value: number | null | undefined): string => (value ? new Date(value * 1000).toLocaleString() : "–");
  const result = job.result && Object.keys(job.result).length > 0 ? JSON.stringify(job.result, null, 2) : "";
  const args = job.args && Object.keys(job.args).length > 0 ? JSON.stringify(job.args, null, 2) : "";
  const rows: [string, string][] = [
    ["Asked for", date(job.created)],
    ["Started", date(job.started)],
    ["Ended", date(job.ended)],
    ["Attempts", String(job.attempt ?? 0)],
    ...(job.limits?.wall ? ([["Time limit", duration(job.limits.wall)]] as [string, string][]) : []),
    ["Whose", job.owner === "workbench" ? "the workbench: it goes on by itself after a restart" : (job.owner ?? "–")],
  ];
  return (
    <section class="stack tight" aria-label="Facts">
      <h2>Facts</h2>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {args && (
        <details>
          <summary>What it was asked to do</summary>
          <Code text={args} what="what it was asked to do" />
        </details>
      )}
      {result && (
        <details>
          <summary>What came out</summary>
          <Code text={result} what="what came out" />
        </details>
      )}
    </section>
  );
}
