// The top of a run: its name, how it stands, what can be done with it.
import { useEffect, useState } from "preact/hooks";
import { get, Problem, part, send, url } from "../../api";
import { Copy } from "../../components/code";
import { RenameForm } from "../../components/editing";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Status, When } from "../../components/state";
import { ago, duration, moment } from "../../format";
import { useResource } from "../../resource";
import { href } from "../../router";
import type { Job, RunDetail } from "../../types";
import { CompareWith } from "./compare-with";
import type { Live } from "./live";
import { told } from "./undoing";

export const ARCHIVED = "castalia.archived";

interface Props {
  run: RunDetail;
  live: Live;
  job: Job | undefined;
  again: () => void;
}

export function Head({ run, live, job, again }: Props) {
  const [editing, setEditing] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const name = run.name || run.run_id.slice(0, 8);
  const act = async (work: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined);
    try {
      await work();
      await told(run, again);
      again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  const above = useResource<RunDetail>(run.parent ? `runs/${run.parent}` : "", (signal) => get(`runs/${part(run.parent!)}`, signal)).value;
  const archived = run.tags?.[ARCHIVED] === "true";
  const trashed = run.lifecycle === "deleted";
  const put = (path: string) => act(() => send("POST", path, { run_ids: [run.run_id] }));
  return (
    <div class="run-head">
      <PageHead title={name} crumbs={[{ label: "Runs", to: ["runs"] }, ...(run.parent ? [{ label: above?.name || run.parent.slice(0, 8), to: ["runs", run.parent] }] : [])]}>
        {editing && (
          <RenameForm
            name={name}
            most={250}
            done={(to) => {
              setEditing(false);
              if (to) void act(() => send("PATCH", `runs/${part(run.run_id)}`, { name: to }));
            }}
          />
        )}
        <div class="row small run-line">
          <Status status={run.status} />
          <Took run={run} />
          {run.experiment && (
            <span class="muted">
              in <a href={href("experiments", run.experiment)}>{run.experiment}</a>
            </span>
          )}
          <span class="muted">
            started <When value={run.started} />
          </span>
          {!!run.alerts && (
            <Link class="chip warn" to={["runs", run.run_id]}>
              <Icon name="alert" size={12} /> {run.alerts} {run.alerts === 1 ? "alert" : "alerts"}
            </Link>
          )}
          {archived && <span class="chip">Archived</span>}
        </div>
        <p class="faint small">One run: what it was given, what it measured, what it kept.</p>
        <div class="row run-actions" role="group" aria-label="Actions">
          <button type="button" class="button little" title="Rename" onClick={() => setEditing(!editing)} aria-expanded={editing}>
            <Icon name="pencil" size={14} /> <span class="word">Rename</span>
          </button>
          <CompareWith run={run} />
          <a class="button little" title="Download files" href={url(`runs/${part(run.run_id)}/archive.zip`)} download>
            <Icon name="download" size={14} /> <span class="word">Download files</span>
          </a>
          {!trashed && (
            <>
              <button type="button" class="button little" title={archived ? "Unarchive" : "Archive"} onClick={() => void act(() => send("PATCH", `runs/${part(run.run_id)}`, { archived: !archived }))}>
                <Icon name="archive" size={14} /> <span class="word">{archived ? "Unarchive" : "Archive"}</span>
              </button>
              <button type="button" class="button little" title="Trash" onClick={() => void put("trash")}>
                <Icon name="trash" size={14} /> <span class="word">Trash</span>
              </button>
            </>
          )}
          <span class="row id">
            <code>{run.run_id.slice(0, 8)}</code>
            <Copy text={run.run_id} what="the run's id" />
          </span>
        </div>
      </PageHead>
      {problem && <ProblemBox problem={problem} />}
      {trashed && (
        <p class="notice warn" role="status">
          <Icon name="trash" /> This run is in the trash. It keeps everything until it is deleted for good.
          <button type="button" class="button little" onClick={() => void put("trash/restore")}>
            <Icon name="undo" size={14} /> Restore
          </button>
        </p>
      )}
      <Standing run={run} live={live} job={job} />
    </div>
  );
}

/** How long it took, ticking while it goes on. */
function Took({ run }: { run: RunDetail }) {
  const running = run.status === "running";
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  const from = moment(run.started);
  const to = running ? now : moment(run.ended)?.getTime();
  if (!from || !to) return null;
  return <span class="num">{duration(Math.max(0, to - from.getTime()) / 1000)}</span>;
}

const QUIET = 120_000;

/** How a run stands, where its status alone does not say it. */
function Standing({ run, live, job }: { run: RunDetail; live: Live; job: Job | undefined }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  const error = run.tags?.["castalia.error"];
  if (run.status === "queued")
    return (
      <p class="notice" role="status">
        <Icon name="clock" /> Queued: {job ? "it begins when the job before it has ended." : "it was made and has not begun."}
      </p>
    );
  if (run.status === "running") {
    const last = Math.max(live.newest, live.heard, moment(run.started)?.getTime() ?? now);
    if (now - last < QUIET) return null;
    return (
      <p class="notice warn" role="status">
        <Icon name="alert" /> {live.newest ? `No point since ${ago(new Date(last), now)}.` : `Nothing was logged in ${duration((now - last) / 1000)}.`} It may be at something long, or its process may be gone: only the process itself can say that it ended.
        {job ? " Its log says more." : ""}
      </p>
    );
  }
  if (run.status !== "failed" && run.status !== "interrupted") return null;
  return (
    <p class="notice bad" role="status">
      <Icon name="alert" /> {error ? <>It failed: <span class="said">{String(error)}</span></> : "It failed, and did not say why."}
    </p>
  );
}
