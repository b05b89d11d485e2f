import { useEffect } from "preact/hooks";
import { get, part } from "../api";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Link } from "../components/link";
import { runOf } from "../jobs";
import { RunCode, RunFiles, RunLog } from "../parts";
import { useResource } from "../resource";
import { usePlace } from "../router";
import type { Job, RunDetail } from "../types";
import { moment } from "../format";
import { MissingPage } from "./missing";
import { CurvesTab } from "./run/curves";
import { Head } from "./run/head";
import { useLive, useSummary } from "./run/live";
import { Overview } from "./run/overview";

const TABS = ["overview", "curves", "system", "files", "code", "log"] as const;
const labels: Record<(typeof TABS)[number], string> = { overview: "Overview", curves: "Curves", system: "Machine", files: "Files", code: "Code", log: "Log" };

/** One run: what it is on top, the rest in parts with an address each. */
export function RunPage({ id }: { id: string }) {
  const { value: run, problem, again } = useResource<RunDetail>(`runs/${id}`, (signal) => get(`runs/${part(id)}`, signal), 15_000);
  if (!run) return problem?.status === 404 ? <MissingPage what={`There is no run ${id}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the run" />;
  return <Shown run={run} again={again} />;
}

function Shown({ run, again }: { run: RunDetail; again: () => void }) {
  const id = run.run_id;
  const { query } = usePlace();
  const named = query.get("tab") ?? "overview";
  const tab = TABS.find((one) => one === named) ?? "overview";
  // A finished run sends nothing; one that is resumed is followed again.
  const moving = run.status === "running" || run.status === "queued";
  const live = useLive(id, moving, () => again());
  useEffect(() => live.summed(run.summary ?? {}), [run]);
  const jobs = useResource<Job[]>("jobs", (signal) => get("jobs", signal)).value;
  const job = (Array.isArray(jobs) ? jobs : []).find((one) => runOf(one) === id);
  const measured = useSummary(live, (all) => Object.keys(all).some((key) => key.startsWith("system/"))) || Object.keys(run.summary ?? {}).some((key) => key.startsWith("system/"));
  const start = moment(run.started)?.getTime() ?? 0;
  const name = run.name || id.slice(0, 8);
  const shown = TABS.filter((one) => one === tab || (one !== "log" || job) && (one !== "system" || measured));
  return (
    <div>
      <Head run={run} live={live} job={job} again={again} />
      <nav class="tabs" aria-label="Parts of the run">
        {shown.map((one) => (
          <Link key={one} to={["runs", id]} query={one === "overview" ? "" : `tab=${one}`} {...(one === tab ? { "aria-current": "page" as const } : {})}>
            {labels[one]}
          </Link>
        ))}
      </nav>
      {tab === "overview" && <Overview run={run} live={live} job={job} again={again} />}
      {(tab === "curves" || tab === "system") && <CurvesTab key={tab} live={live} start={start} moving={moving} system={tab === "system"} name={name} />}
      {tab === "files" && <RunFiles run={run} />}
      {tab === "code" && <RunCode run={run} />}
      {tab === "log" && <RunLog job={job} />}
    </div>
  );
}
