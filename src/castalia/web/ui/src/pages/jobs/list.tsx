import { useEffect, useState } from "preact/hooks";
import { Problem, get, part, send } from "../../api";
import { Code } from "../../components/code";
import { JobBar } from "../../components/job-bar";
import { useActing } from "../../components/job-panel";
import { Link } from "../../components/link";
import { Filters, Narrow, Pager, fits } from "../../components/listing";
import { Empty, Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Status, When } from "../../components/state";
import { prefix } from "../../connection";
import { useJob } from "../../following";
import { duration, plural } from "../../format";
import { LIVE, runOf, systemOf } from "../../jobs";
import { useResource } from "../../resource";
import { usePlace } from "../../router";
import type { Job } from "../../types";
import { reasonOf, secondsOf, titleOf } from "./words";

const OVER = ["done", "failed", "cancelled"] as const;
const PAGE = 50;
const MOST = 1000;

/** What runs and what waits, and below it what was. */
export function JobsPage() {
  const { query } = usePlace();
  const text = query.get("q") ?? "";
  const state = OVER.find((one) => one === query.get("state")) ?? "";
  const [limit, setLimit] = useState(PAGE);
  const live = useResource<Job[]>(LIVE, (signal) => get(LIVE, signal), 2000);
  const path = `jobs?${(state ? [state] : OVER).map((one) => `state=${one}`).join("&")}&limit=${text ? MOST : limit + 1}`;
  const past = useResource<Job[]>(path, (signal) => get(path, signal), 10_000);
  const ids = live.value?.map((one) => one.id).join() ?? "";
  // One that leaves the queue has ended.
  useEffect(() => {
    if (live.value) past.again();
  }, [ids]);
  const now = [...(live.value ?? [])].reverse().sort((a, b) => Number(b.state === "running") - Number(a.state === "running"));
  const found = past.value?.filter((job) => fits(text, [job.title, job.id, job.state, systemOf(job), runOf(job), reasonOf(job)]));
  const problem = live.problem ?? past.problem;
  const none = live.value?.length === 0 && past.value?.length === 0 && !text && !state;
  return (
    <>
      <PageHead title="Jobs" note="Training that the workbench does for you: one at a time, the others wait in line. A job goes on when this page is closed." />
      {problem && !past.value && <ProblemBox problem={problem} again={live.again} />}
      {!problem && (!live.value || !past.value) && <Loading what="the jobs" />}
      {none && <NoJobs />}
      {live.value && past.value && !none && (
        <div class="stack loose">
          <section class="stack tight" aria-label="Now">
            <h2>Now</h2>
            {now.length ? (
              <ul class="queue">
                {now.map((job, i) => (
                  <Going key={job.id} job={job} before={now[0]?.state === "running" ? i - 1 : i} again={live.again} />
                ))}
              </ul>
            ) : (
              <p class="muted">Nothing runs and nothing waits.</p>
            )}
          </section>
          <section class="stack tight" aria-label="Ended">
            <h2>Ended</h2>
            <Filters id="job" hint="Title, system or reason" text={text}>
              <Narrow id="job-state" label="How it ended" name="state" value={state} options={[["", "any"], ...OVER.map((one): [string, string] => [one, one])]} />
            </Filters>
            {found?.length ? <History jobs={found.slice(0, limit)} again={() => [live.again(), past.again()]} /> : <p class="muted">{text || state ? "No job fits." : "None yet."}</p>}
            {found && found.length > limit && (
              <Pager said={`The newest ${limit.toLocaleString("en")}`} more={limit < MOST - 1 ? () => setLimit(Math.min(MOST - 1, limit * 2)) : undefined} />
            )}
          </section>
        </div>
      )}
    </>
  );
}

/** One that runs or waits. */
function Going({ job: start, before, again }: { job: Job; before: number; again: () => void }) {
  const following = useJob(start.state === "running" ? start.id : "", start);
  // The list is asked every other second, the stream at once: the later word counts while it runs.
  const job = following.job?.id === start.id && start.state === "running" ? following.job : start;
  const { doing, problem } = useActing({ ...following, job }, start.id, again);
  useEffect(() => {
    if (job.state !== start.state) again();
  }, [job.state]);
  return (
    <li class="stack tight">
      <div class="row apart">
        <span class="row">
          <Link to={["jobs", job.id]} class="job-title">
            <bdi>{titleOf(job)}</bdi>
          </Link>
          <Status status={job.state} />
          <Attempt job={job} />
        </span>
        {doing}
      </div>
      <JobBar
        progress={job.state === "queued" ? undefined : (following.progress ?? job.progress ?? undefined)}
        rate={following.rate}
        queued={job.state === "queued"}
        started={job.started ?? null}
        label={`Progress of ${titleOf(job)}`}
        waiting={before > 0 ? `Waits behind ${plural(before, "other")}` : "Next in line"}
      />
      {problem && <ProblemBox problem={problem} />}
    </li>
  );
}

export function Attempt({ job }: { job: Job }) {
  return (job.attempt ?? 0) > 1 ? <span class="chip">attempt {job.attempt}</span> : null;
}

function History({ jobs, again }: { jobs: Job[]; again: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const resume = async (job: Job): Promise<void> => {
    setProblem(undefined);
    try {
      await send("POST", `jobs/${part(job.id)}/resume`);
      again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      <div class="scroll" tabIndex={0} role="region" aria-label="Jobs that have ended">
        <table class="folding jobs">
          <caption class="hidden">Jobs that have ended, the newest first</caption>
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">How it ended</th>
              <th scope="col" class="right">
                Attempts
              </th>
              <th scope="col" class="right">
                Took
              </th>
              <th scope="col">Ended</th>
              <th scope="col">Run</th>
              <th scope="col">
                <span class="hidden">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => {
              const took = secondsOf(job);
              const run = runOf(job);
              const reason = reasonOf(job);
              return (
                <tr class="link" key={job.id}>
                  <th scope="row" class="named">
                    <Link to={["jobs", job.id]}>
                      <bdi>{titleOf(job)}</bdi>
                    </Link>
                  </th>
                  <td data-label="How it ended">
                    <div>
                      <Status status={job.state} />
                      {reason && <span class="glance">{reason}</span>}
                    </div>
                  </td>
                  <td data-label="Attempts" class="right">
                    {job.attempt || "–"}
                  </td>
                  <td data-label="Took" class="right">
                    {took === undefined ? "–" : duration(took)}
                  </td>
                  <td data-label="Ended" class="when">
                    <When value={job.ended ?? job.created} />
                  </td>
                  <td data-label="Run">
                    {run ? (
                      <Link to={["runs", run]} aria-label={`The run of ${titleOf(job)}`}>
                        {run.slice(0, 8)}
                      </Link>
                    ) : (
                      "–"
                    )}
                  </td>
                  <td class="more">
                    {job.state !== "done" && (
                      <button type="button" class="button little" aria-label={`Go on with ${titleOf(job)}`} onClick={() => void resume(job)}>
                        Go on
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </>
  );
}

function NoJobs() {
  const root = `${location.origin}${prefix.replace(/\/$/, "")}`;
  return (
    <Empty title="Nothing was trained here yet">
      <p>A training that is started on a page or over HTTP becomes a job and appears here by itself. What a shell trains has a queue of its own and shows under Runs.</p>
      <div class="ways">
        <div class="stack tight">
          <h3>Here</h3>
          <p>
            <Link class="button first" to={["systems"]}>
              Choose a system to train
            </Link>
          </p>
        </div>
        <div class="stack tight">
          <h3>Over HTTP</h3>
          <Code text={`curl -X POST ${root}/systems/neural_net/fit -H 'content-type: application/json' -d '{"quick": true}'`} what="the line that starts a job" wrap />
        </div>
      </div>
    </Empty>
  );
}
