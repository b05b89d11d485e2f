import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, get, part, send } from "../api";
import { Charts, Metrics } from "../components/charts";
import { Form } from "../components/form";
import { JobPanel } from "../components/job-panel";
import { Link } from "../components/link";
import { ProblemBox } from "../components/problem";
import { Same } from "../components/snippet";
import { useLiveRun } from "../curves";
import { useDraft } from "../drafts";
import { useJob } from "../following";
import { runOf, running, systemOf } from "../jobs";
import { useResource } from "../resource";
import { usePlace } from "../router";
import { changed, fieldsOf, startOf } from "../schema";
import { fitSnippets } from "../snippets";
import type { Job, Schema, Values } from "../types";
import type { TabProps } from "./system";

const none: Schema = { type: "object", properties: {} };

/** Train it and watch. A running fit of this system is found again after a reload. */
export function TrainTab(props: TabProps) {
  const { system, address } = props;
  const { value: jobs } = useResource<Job[]>("jobs", (signal) => get("jobs", signal));
  const [started, setStarted] = useState<{ job: string; run: string }>();
  const mine = (jobs ?? []).filter((one) => systemOf(one) === address || systemOf(one) === system.name);
  const latest = mine.find(running) ?? mine[0];
  const shown = started ?? (latest && { job: latest.id, run: runOf(latest) });
  return (
    <div class="two">
      <FitForm {...props} onStart={setStarted} />
      {shown ? (
        <Fitting key={shown.job} {...props} id={shown.job} run={shown.run} start={mine.find((one) => one.id === shown.job)} />
      ) : (
        <section class="empty">
          <h2>Nothing is training</h2>
          <p>Start with Quick: it takes seconds and shows the curve. A full fit makes a version that answers from then on.</p>
        </section>
      )}
    </div>
  );
}

/** What a link to this tab already fills in, such as ?tab=train&data=mine&target=left&as=mine. */
function useGiven(schema: Schema): { values: Values; as: string } {
  const { query } = usePlace();
  const named = fieldsOf(schema).filter((one) => query.get(one.name) && (one.control === "text" || one.control === "dataset"));
  return { values: Object.fromEntries(named.map((one) => [one.name, query.get(one.name)!])), as: query.get("as") ?? "" };
}

function FitForm({ system, address, onStart }: TabProps & { onStart: (started: { job: string; run: string }) => void }) {
  const schema = system.params ?? none;
  const given = useGiven(schema);
  const asked = Object.keys(given.values).length > 0;
  const [quick, setQuick] = useState(!system.versions?.length && !asked);
  const [name, setName] = useState(given.as);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const key = `${address}/fit?${quick}${asked ? JSON.stringify(given.values) : ""}`;
  const [values, setValues, reset] = useDraft(key, () => ({ ...startOf(schema, undefined), ...(quick ? (system.quick ?? {}) : {}), ...given.values }));
  const params = quick && system.quick ? differing(values, { ...startOf(schema, undefined), ...system.quick }) : changed(schema, values);

  const start = async (): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    try {
      const { job, run_id } = await send<{ job: string; run_id: string }>("POST", `systems/${part(address)}/fit`, { params, quick, as: name || null });
      onStart({ job, run: run_id });
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
    setBusy(false);
  };
  return (
    <div class="stack">
      <form
        class="card stack"
        aria-label={`Train ${system.title}`}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void start();
        }}
      >
        {problem && <ProblemBox problem={problem} summary={problem.errors.length > 0} />}
        <label class="switch">
          <input type="checkbox" role="switch" checked={quick} onChange={(event) => setQuick(event.currentTarget.checked)} />
          <span>
            <b>Quick</b>
            <span class="help"> · seconds, small settings, makes no version</span>
          </span>
        </label>
        <Form schema={schema} values={values} onChange={setValues} errors={(problem?.errors ?? []).map((one) => ({ ...one, field: one.field.replace(/^params\./, "") }))} />
        {!quick && (
          <div class="field" data-field="as">
            <label class="label" for="fit-name">
              Name of the model <span class="tag">optional</span>
            </label>
            <input id="fit-name" class="input" value={name} placeholder={system.shelf ? `${system.shelf}.${system.name}` : system.name} autocomplete="off" spellcheck={false} aria-describedby="fit-name-help" onInput={(event) => setName(event.currentTarget.value)} />
            <span class="help" id="fit-name-help">
              Another name keeps it apart: {system.shelf ? `${system.shelf}.${system.name}` : system.name} goes on answering as before.
            </span>
          </div>
        )}
        <div class="row">
          <button type="submit" class="button first" aria-disabled={busy}>
            {busy ? "Starting…" : quick ? "Train quickly" : "Train"}
          </button>
          <button type="button" class="button quiet" onClick={reset}>
            Start over
          </button>
        </div>
      </form>
      <Same snippets={fitSnippets(address, params, quick, quick ? "" : name, schema)} />
    </div>
  );
}

function differing(values: Values, from: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(from[name])));
}

/** One fit: progress, curves as they grow, and at the end what came out of it. */
function Fitting({ system, address, again, id, run, start }: TabProps & { id: string; run: string; start: Job | undefined }) {
  const following = useJob(id, start);
  const { job } = following;
  const runId = run || (job ? runOf(job) : "");
  const live = useLiveRun(runId, job?.attempt);
  const done = job?.state === "done";
  const alive = useRef(!start || running(start));
  useEffect(() => {
    if (!job) return;
    if (running(job)) alive.current = true;
    if (running(job) || !alive.current) return;
    alive.current = false;
    again();
  }, [job?.state]);
  const result = job?.result ?? {};
  const version = typeof result.version === "number" ? result.version : null;
  // A model kept under a name of its own has a page of its own.
  const asked = typeof result.model === "string" && system.model?.name !== undefined && result.model !== system.model.name ? result.model : address;
  const metrics = (result.metrics ?? {}) as Record<string, unknown>;
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Who pressed Train at the foot of a long form sees what came of it; who came to look is not moved about.
    const box = card.current?.getBoundingClientRect();
    if (!start && box && (box.top > innerHeight - 160 || box.top < 0)) card.current?.scrollIntoView({ block: "start" });
  }, []);
  return (
    <div class="stack">
      <div class="card stack scrolled" ref={card}>
        <div class="row apart">
          <h2>{done ? "Trained" : (job?.title ?? "Training")}</h2>
          {runId && <Link to={["runs", runId]}>Open the run</Link>}
        </div>
        <JobPanel following={following} id={id} />
        {done && (
          <div class="stack" role="status">
            <Metrics metrics={metrics} />
            <p class="row">
              {version !== null ? (
                <>
                  <span>
                    It is <b>{String(result.model ?? system.name)}@{version}</b> and never changes.
                  </span>
                  <Link class="button first" to={["systems", asked]} query="tab=ask">
                    Ask it
                  </Link>
                </>
              ) : (
                <span class="muted">A quick fit makes no version: switch Quick off to keep one.</span>
              )}
            </p>
          </div>
        )}
      </div>
      <Charts curves={live.curves} />
    </div>
  );
}
