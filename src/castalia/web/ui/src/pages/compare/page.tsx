// Runs side by side. Everything that is chosen here is the address, so that a comparison can be kept and sent.
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import sheet from "../../css/compare.css?later";
import { Link } from "../../components/link";
import { Empty, Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { number, plural } from "../../format";
import { wear } from "../../later";
import { href, usePlace } from "../../router";
import { MissingPage } from "../missing";
import { Views } from "../runs/views";
import { Boxes } from "./boxes";
import { Code } from "./code";
import { arranged, chosen, type Comparison, useComparison, useMoving } from "./comparison";
import { Curves, pointsOf } from "./curves";
import { Differences, MOST_ENVIRONMENTS } from "./differences";
import { Images } from "./images";
import { Importance } from "./importance";
import { Legend } from "./legend";
import { SavedComparisons } from "./saved";
import { Parallel } from "./parallel";
import { Report } from "./report";
import { ScatterPart } from "./scatter";
import { MOST_LOOKED } from "./shared";
import { Tables } from "./tables";

wear(sheet);

/** From so many runs on the page says what is left out. */
const MANY = 100;

interface Part {
  name: string;
  label: string;
  about: string;
  show: (all: Comparison) => VNode;
}

const parts: Part[] = [
  { name: "", label: "Curves", about: "The metrics of all shown runs over each other.", show: (all) => <Curves all={all} /> },
  { name: "differences", label: "Differences", about: "What is not the same in all shown runs.", show: (all) => <Differences all={all} /> },
  { name: "scatter", label: "Scatter", about: "One mark a run, with any metric or param on either axis.", show: (all) => <ScatterPart all={all} /> },
  { name: "parallel", label: "Parallel", about: "One line a run across several axes.", show: (all) => <Parallel all={all} /> },
  { name: "importance", label: "Importance", about: "Which params go with a metric in these runs.", show: (all) => <Importance all={all} /> },
  { name: "boxes", label: "Box plots", about: "How a metric spreads for each value of a param.", show: (all) => <Boxes all={all} /> },
  { name: "images", label: "Images", about: "The same picture of several runs.", show: (all) => <Images all={all} /> },
  { name: "tables", label: "Tables", about: "The same CSV file of two runs, cell by cell.", show: (all) => <Tables all={all} /> },
  { name: "code", label: "Code", about: "Commits and changes that were not committed.", show: (all) => <Code all={all} /> },
];

export function ComparePage() {
  const { query } = usePlace();
  const which = chosen(query);
  const { value, problem, again, stale } = useComparison(query);
  const look = ["hide", "ink", "group"].map((name) => query.get(name)).join("\n") + query.getAll("run").join();
  const going = useMoving(value);
  const all = useMemo(() => value && arranged(value, query, going), [value, look, going]);
  const part = parts.find((one) => one.name === (query.get("tab") ?? ""));
  if (!which)
    return (
      <>
        <PageHead title="Compare" crumbs={[{ label: "Runs", to: ["runs"] }]} note="Runs side by side: what differs, their curves, files and code." />
        <Empty title="No runs are chosen yet">
          <p>Choose two or more under Runs and press Compare, or open a run and press “Compare with…”.</p>
          <Link to={["runs"]} class="button">
            Go to the runs
          </Link>
        </Empty>
        <SavedComparisons />
      </>
    );
  if (!part) return <MissingPage what={`A comparison has no part ${query.get("tab")}`} />;
  const there = all && all.runs.length > 0;
  const title = there ? `${plural(all.runs.length, "run")} compared` : "Compare";
  return (
    <div class="compare" aria-busy={stale}>
      <PageHead title={title} crumbs={[{ label: "Runs", to: ["runs"] }]} note="Runs side by side. What you choose here is in the address: keep it or send it." />
      {problem && <ProblemBox problem={problem} again={again} />}
      {!there && !problem && <Loading what="the runs" />}
      {there && <Compared all={all} query={query} part={part} />}
    </div>
  );
}

function Compared({ all, query, part }: { all: Comparison; query: URLSearchParams; part: Part }) {
  const to = (name: string): string => {
    const next = new URLSearchParams(query);
    for (const one of ["chart", "range", "q"]) next.delete(one);
    if (name) next.set("tab", name);
    else next.delete("tab");
    return `${href("compare")}?${next}`;
  };
  const going = all.runs.filter((run) => run.status === "running").length;
  useEffect(() => {
    document.querySelector(".compare .tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [part]);
  return (
    <>
      {!query.has("run") && all.total > all.runs.length && (
        <p class="notice">
          {plural(all.total, "run fits", "runs fit")}: the newest {all.runs.length} are compared, which is the most that fit on a page.
        </p>
      )}
      {all.runs.length > MANY && (
        <p class="notice">
          All {number(all.runs.length)} runs are compared: a small chart draws at most {pointsOf(all.runs.length, "small")} points of each, a large one {pointsOf(all.runs.length, "large")}. Packages are those of the first {MOST_ENVIRONMENTS} shown runs, files those of the first {MOST_LOOKED}.
        </p>
      )}
      {going > 0 && (
        <p class="going small muted" role="status">
          <span class="pulse" aria-hidden="true" /> {plural(going, "run still goes on", "runs still go on")}: what is drawn moves with {going === 1 ? "it" : "them"}.
        </p>
      )}
      <div class="compare-in">
        <Legend all={all} />
        <div class="stack compare-main">
          <nav class="tabs" aria-label="Parts of the comparison">
            {parts.map((one) => (
              <a key={one.name} href={to(one.name)} {...(one === part ? { "aria-current": "page" as const } : {})}>
                {one.label}
              </a>
            ))}
          </nav>
          <div class="row apart part-head">
            <p class="muted small">{part.about}</p>
            <span class="row whole">
              <Views page="compare" query={query.toString()} />
              <Report all={all} />
            </span>
          </div>
          {all.shown.length ? part.show(all) : <p class="muted">Every run is hidden. Show one in the list of runs.</p>}
        </div>
      </div>
    </>
  );
}
