import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem, get } from "../../api";
import { Overnight } from "../../components/overnight";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { useUndone } from "../../components/toast";
import { useConnection } from "../../connection";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { type Shown, asked, holding, useShown } from "./address";
import { Bar } from "./bar";
import { Board } from "./board";
import { type Names, arranged, defaults } from "./columns";
import { kindOf } from "./conditions";
import { useDoing } from "./doing";
import { NoRuns, NothingFound } from "./lazily";
import { Filter } from "./filter";
import { Rows } from "./rows";
import { useSelecting } from "./selecting";
import { Tools } from "./tools";

const EVERY = 3000;
const nameless: Names = { metrics: [], params: [], tags: [] };

/** All runs as a table: what it shows is its address. */
export function RunsPage() {
  const shown = useShown();
  const { returns } = useConnection();
  const [, redraw] = useState(0);
  const rows = useMemo(() => new Rows(() => redraw((n) => n + 1)), []);
  useEffect(() => () => rows.stop(), []);

  // Runs that have just begun may have logged no metric yet.
  const nothing = useRef(false);
  const [first] = useState(() => new URLSearchParams({ newest: "100", ...(asked(shown).get("filter") ? { filter: asked(shown).get("filter")! } : {}) }));
  const looked = useResource<Names>(shown.columns ? "" : `runs/columns?${first}`, (signal) => get(`runs/columns?${first}`, signal), nothing.current ? EVERY : 0);
  const names = looked.value ?? (looked.problem ? nameless : undefined);
  const ids = useMemo(() => shown.columns ?? (names && defaults(names)), [shown.columns?.join("\n"), names]);
  const columns = useMemo(() => arranged(ids ?? ["name"], shown.pins, shown.widths), [ids, shown.pins.join("\n"), JSON.stringify(shown.widths)]);

  // Of half a condition nothing is asked: the rows stay as they are until it is whole.
  const whole = useRef("");
  if (kindOf(shown.text) !== "begun") whole.current = shown.text;
  const question = asked(shown, whole.current).toString();
  const hold = ids && holding(columns.map((one) => one.id));
  useLayoutEffect(() => {
    if (hold !== undefined) rows.ask(question, hold, shown.open);
  }, [question, hold, shown.open.join(), returns]);

  const [view, setView] = useState<[number, number]>([0, 0]);
  const top = view[0] === 0;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && !document.querySelector("dialog[open]")) void rows.refresh(top && shown.order === "-started");
    }, EVERY);
    return () => clearInterval(timer);
  }, [top, shown.order]);

  useUndone(() => rows.again());
  const selecting = useSelecting(rows, question);
  const doing = useDoing(rows, selecting, columns, shown.kept);
  const held = rows.held;
  const wrong = usePointed(rows.problem, shown);
  nothing.current = looked.value?.metrics.length === 0;
  useNews(held, looked.again);
  const narrowed = shown.where.length > 0 || kindOf(shown.text) !== "none" || shown.kept !== "active";
  const ahead = held?.ahead ?? 0;
  return (
    <div class="board">
      <PageHead title="Runs" note="Everything that was trained or logged on this machine." />
      <Overnight order={shown.order} />
      <div class="board-tools">
        <Filter shown={shown} problem={wrong} />
        <Tools shown={shown} columns={columns} chosen={columns.map((one) => one.id)} doing={doing} question={question} />
      </div>
      {rows.problem && !wrong && <ProblemBox problem={rows.problem} again={() => rows.again()} />}
      {!held && !rows.problem && <Loading what="the runs" />}
      {held && held.total === 0 && !wrong && (narrowed ? <NothingFound shown={shown} /> : <NoRuns />)}
      {held && held.total > 0 && (
        <>
          <p class="board-count small muted">
            <span role="status">
              {plural(held.total, "run")}
              {held.rows.includes("top=true") ? ", without those inside others" : ""}
            </span>
            {(ahead !== 0 || held.moved) && (
              <button type="button" class="button little accent" onClick={() => toTop(rows)}>
                {ahead > 0 ? plural(ahead, "new run") : "The order has changed"}: show
              </button>
            )}
          </p>
          <Board shown={shown} rows={rows} columns={columns} selecting={selecting} doing={doing} onView={(from, to) => setView((old) => (old[0] === from && old[1] === to ? old : [from, to]))} />
        </>
      )}
      {selecting.count > 0 && <Bar selecting={selecting} doing={doing} kept={shown.kept} />}
      {doing.dialog}
    </div>
  );
}

/** Runs that come may bring metrics of their own: then the page looks again what its columns are. */
function useNews(held: Rows["held"], look: () => void): void {
  const before = useRef({ rows: "", count: 0 });
  const count = held?.total ?? 0;
  useEffect(() => {
    const { rows, count: old } = before.current;
    before.current = { rows: held?.rows ?? "", count };
    if (held && held.rows === rows && count > old) look();
  }, [held?.rows, count]);
}

/** What is new stands at the top. */
function toTop(rows: Rows): void {
  rows.again(true);
  const grid = document.querySelector<HTMLElement>(".grid");
  grid?.scrollTo(0, 0);
  if (grid && grid.getBoundingClientRect().top < 0) grid.scrollIntoView();
}

/** With conditions beside it, the place of an error in the typed text is found by asking for that text alone. */
function usePointed(problem: Problem | undefined, shown: Shown): Problem | undefined {
  const [alone, setAlone] = useState<Problem>();
  const wrong = problem?.status === 422 && problem.errors.some((one) => one.field === "filter") ? problem : undefined;
  useEffect(() => {
    setAlone(undefined);
    if (!wrong || !shown.where.length || kindOf(shown.text) !== "filter") return;
    const control = new AbortController();
    get(`runs?${new URLSearchParams({ filter: shown.text, limit: "1" })}`, control.signal).catch((error: unknown) => error instanceof Problem && setAlone(error));
    return () => control.abort();
  }, [wrong]);
  return wrong && (alone ?? wrong);
}
