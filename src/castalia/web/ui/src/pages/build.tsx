import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem, get, part, send } from "../api";
import { useChecking } from "../checking";
import { Code } from "../components/code";
import { Cover, Files, type SourceFile } from "../components/cover";
import { Editor, type EditorHandle } from "../components/editor";
import { Hints } from "../components/hints";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Milestones } from "../components/milestones";
import { Empty, Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Same } from "../components/snippet";
import { When } from "../components/state";
import { Verdict } from "../components/verdict";
import { useDrafting, type Drafting } from "../drafting";
import { failing, headline, lineOf, unloaded, type Project, type Report } from "../learning";
import { useResource } from "../resource";

let visits = 0;

/** Everything to build one project or exercise: its text, its check, hints, milestones. `door` leaves out the rest. */
export function Build({ address, door = false, green }: { address: string; door?: boolean; green?: ComponentChildren }) {
  // A key of its own for every visit: an old answer would hand the editor an old text.
  const [turn, setTurn] = useState(0);
  const key = useMemo(() => `checks/${address}#${(visits += 1)}`, [address, turn]);
  const { value, problem, again } = useResource<Project>(key, (signal) => get(`checks/${part(address)}`, signal));
  if (problem?.status === 403 && !value) return <ElsewhereBox problem={problem} />;
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the exercise" />;
  return <Desk key={key} project={value} door={door} green={green} again={again} anew={() => setTurn((now) => now + 1)} />;
}

export function ElsewhereBox({ problem }: { problem: Problem }) {
  return (
    <Empty title="Only on the machine itself">
      <p>{problem.subject}.</p>
      <p>{problem.cure}</p>
    </Empty>
  );
}

function Desk({ project, door, green, again, anew }: { project: Project; door: boolean; green: ComponentChildren; again: () => void; anew: () => void }) {
  const drafting = useDrafting(project);
  const checking = useChecking(project.address, drafting);
  const editor = useRef<EditorHandle>(null);
  const last = project.last?.current ? project.last : undefined;
  const report: Report | undefined = checking.report ?? last;
  const failed = failing(report, project.milestones);
  // What is kept of an earlier visit is about this text only if it was this draft, and was not saved since.
  const fresh = checking.text ?? (last?.of_draft && project.draft && project.draft.saved <= last.checked ? project.draft.text : undefined);
  const stale = fresh !== drafting.text;
  const line = failed && !stale ? lineOf(failed.file_line, project.file) : 0;
  const stretch = project.milestones.some((one) => one.claims.some((claim) => claim.tier !== "core"));
  const run = async (options?: { seed?: number; all?: boolean }): Promise<void> => {
    if (await checking.check(options)) again();
  };
  const claim = project.milestones.flatMap((one) => one.claims).find((one) => one.id === failed?.id);
  const old = checking.busy || checking.problem ? "of the check before" : stale ? "of an earlier text" : "";
  const verdict = useVerdictInSight(checking.report);
  useEffect(() => {
    if (checking.report && line) editor.current?.show(line);
  }, [checking.report]);
  return (
    <div class="stack loose">
      <div class="two build">
        <section class="stack tight" aria-label="Editor">
          <div class="row apart small">
            {project.places.length && !door ? <Place project={project} drafting={drafting} busy={checking.busy} anew={anew} /> : <span class="mono">{project.file}</span>}
            {drafting.other === undefined && <Saved drafting={drafting} />}
          </div>
          <Overwritten drafting={drafting} replace={(text) => editor.current?.replace(text)} />
          <Editor
            label={`${project.file}, your text`}
            value={drafting.text}
            onChange={drafting.write}
            onRun={() => void run()}
            mark={failed && line ? { line, words: failed.why || failed.words } : undefined}
            handle={editor}
          />
          <div class="row apart">
            <span class="row">
              <button type="button" class="button first check" aria-disabled={checking.busy} onClick={() => void run()}>
                {checking.busy ? "Checking…" : "Check"}
              </button>
              <button type="button" class={checking.busy ? "button" : "button unseen"} onClick={checking.cancel}>
                Cancel
              </button>
            </span>
            {!project.chosen && (
              <button type="button" class="button quiet" disabled={drafting.text === project.start} onClick={() => editor.current?.replace(project.start)}>
                Start over
              </button>
            )}
          </div>
          {drafting.problem && <ProblemBox problem={drafting.problem} />}
        </section>
        <section class="card stack still" aria-label="Result" aria-busy={checking.busy} ref={verdict}>
          {checking.problem && <ProblemBox problem={checking.problem} />}
          {report ? (
            <>
              <Verdict
                report={report}
                failed={failed}
                milestones={project.milestones}
                file={project.file}
                old={old}
                goTo={(at) => editor.current?.goTo(at)}
                again={(seed) => void run({ seed })}
                beyond={stretch ? () => void run({ all: true }) : undefined}
              />
              {checking.report?.stubs && <Stubs project={project} milestone={checking.report.stubs} drafting={drafting} />}
              {!checking.report && last && <Earlier project={project} />}
              {!failed && <Next project={project}>{green}</Next>}
              {claim && failed && failed.outcome !== "tool_error" && !unloaded(failed) && <Hints key={`${claim.id}#${checking.turn}`} address={project.address} claim={claim.id} read={claim.hints} rungs={project.rungs} again={again} />}
            </>
          ) : (
            <>
              <h2>{project.last ? "The contract has changed" : "Not checked yet"}</h2>
              <p class="muted">
                {project.last && "What the last check found was found with an earlier one: check again. "}
                Check runs your text in a process of its own against the claims, the first ones first. It shows the first that does not hold, with numbers and a line.
              </p>
            </>
          )}
        </section>
        {!door && <Milestones milestones={project.milestones} report={report} />}
      </div>
      <span class="hidden" role="status">
        {checking.busy ? "Checking" : checking.report ? (failed ? `${headline(failed, project.file)}: ${unloaded(failed) ? failed.why : failed.words}` : "Well done: every core claim holds") : ""}
      </span>
      {project.warnings.map((words) => (
        <p class="state warn" key={words}>
          <Icon name="alert" /> {words}
        </p>
      ))}
      {!door && (
        <>
          <Elsewhere project={project} />
          <Solution project={project} />
        </>
      )}
    </div>
  );
}

/** On a narrow page the result lies below the editor: it is brought into sight when it is there. */
function useVerdictInSight(report: Report | undefined): { current: HTMLElement | null } {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const place = report && box.current?.getBoundingClientRect();
    if (place && (place.top > innerHeight - 120 || place.bottom < 0)) box.current?.scrollIntoView({ block: "nearest" });
  }, [report]);
  return box;
}

/** The page's own text, or a file of the learner's that the shell has made known. */
function Place({ project, drafting, busy, anew }: { project: Project; drafting: Drafting; busy: boolean; anew: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const choose = async (place: string): Promise<void> => {
    if (!(await drafting.flush())) return setProblem(new Problem(0, { subject: "Your text is not saved yet", cure: "Choose again as soon as it is." }));
    try {
      await send("PUT", `checks/${part(project.address)}/place`, { place });
      anew();
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, { subject: "The file could not be chosen", got: String(error) }));
    }
  };
  return (
    <span class="stack tight">
      <label class="row">
        <span class="muted">Works on</span>
        <select class="input mono" value={project.chosen} disabled={busy} onChange={(event) => void choose(event.currentTarget.value)}>
          <option value="">this page's own {project.file}</option>
          {project.places.map((one) => (
            <option key={one.id} value={one.id}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      {problem && <ProblemBox problem={problem} />}
    </span>
  );
}

/** The stubs of the next milestone, into the learner's own file. */
function Stubs({ project, milestone, drafting }: { project: Project; milestone: string; drafting: Drafting }) {
  const [told, setTold] = useState("");
  const add = async (): Promise<void> => {
    if (!(await drafting.flush())) return setTold("Your text is not saved yet.");
    try {
      const found = await send<{ why_not: string }>("POST", `checks/${part(project.address)}/stubs`, {});
      setTold(found.why_not || `${milestone} is at the end of the file now.`);
      await drafting.look();
    } catch (error) {
      setTold(error instanceof Problem ? `${error.subject}. ${error.cure}` : String(error));
    }
  };
  return (
    <div class="row">
      {!told && (
        <button type="button" class="button first" onClick={() => void add()}>
          Add the stubs of {milestone}
        </button>
      )}
      <span role="status">{told}</span>
    </div>
  );
}

const saved = { start: "As it was handed out", saved: "Saved", unsaved: "Not saved yet", saving: "Saving…" } as const;

function Saved({ drafting }: { drafting: Drafting }) {
  return (
    <span class="muted" role="status">
      {drafting.taken ? "Taken over from another tab or editor" : saved[drafting.saving]}
    </span>
  );
}

/** The last one to write wins; the other text is not lost. */
function Overwritten({ drafting, replace }: { drafting: Drafting; replace: (text: string) => void }) {
  if (drafting.other === undefined) return null;
  const other = drafting.other;
  return (
    <div class="note" role="alert">
      <p>Another tab or editor had saved another text here. Yours was saved later, so it is the one that is kept.</p>
      <p class="row">
        <button
          type="button"
          class="button little"
          onClick={() => {
            replace(other);
            drafting.forget();
          }}
        >
          Take the other text
        </button>
        <button type="button" class="button quiet little" onClick={drafting.forget}>
          Keep mine
        </button>
      </p>
    </div>
  );
}

function Earlier({ project }: { project: Project }) {
  const last = project.last!;
  return (
    <p class="small muted">
      Checked <When value={last.checked} />
      {last.of_draft ? "." : `: ${last.file} in a folder of your own, not the text beside this.`}
    </p>
  );
}

function Next({ project, children }: { project: Project; children: ComponentChildren }) {
  if (children) return <>{children}</>;
  const next = project.name === "softmax" ? "basics" : "";
  return (
    <p class="row">
      {next && (
        <Link class="button first" to={["learn", next]}>
          Next: {next}
        </Link>
      )}
      <Link class={next ? "button" : "button first"} to={["learn"]}>
        See what else can be built
      </Link>
    </p>
  );
}

/** The same text and the same check where one usually works. */
function Elsewhere({ project }: { project: Project }) {
  const begin = project.name === "softmax" ? "castalia learn" : `castalia new ${project.name} --learn`;
  const snippets = {
    shell: `castalia check ${project.name} --watch`,
    pytest: `pytest --castalia ${project.name}`,
    notebook: `%load_ext castalia\n\n%%castalia ${project.name}\n# the cell is the file`,
  };
  return (
    <section class="two" aria-label="In your own editor">
      <div class="stack tight">
        <h2>In your own editor</h2>
        <p class="muted">This writes the file to begin with into the folder you are in:</p>
        <Code text={begin} what="the line that writes the file" wrap />
        <p class="muted small">
          What you write on this page is kept in <code>{project.place}</code>; another editor may work on it too. {!project.places.length && "Once it is there, this page can work on it as well: a choice appears above the editor."}
        </p>
      </div>
      <Same snippets={snippets} title="The same check in shell, pytest, notebook" />
    </section>
  );
}

function Solution({ project }: { project: Project }) {
  const [files, setFiles] = useState<SourceFile[]>();
  const shown = useResource<{ files: SourceFile[] }>(project.opened && !files ? `solution/${project.address}` : "", (signal) => get(`checks/${part(project.address)}/solution`, signal));
  if (project.system)
    return (
      <p class="muted">
        The solution lies under the <Link to={["systems", project.address]} query="tab=source">Source</Link> tab, behind a cover.
      </p>
    );
  const opened = files ?? shown.value?.files;
  if (project.opened && !opened) return shown.problem ? <ProblemBox problem={shown.problem} again={shown.again} /> : <Loading what="the solution" />;
  if (!opened) return <Cover title={project.title} counted={project.address} open={setFiles} />;
  return (
    <section class="stack" aria-label="The solution">
      <h2>The solution</h2>
      <p class="small muted">It was opened, and the evidence says so.</p>
      <Files files={opened} />
    </section>
  );
}
