import { useRef } from "preact/hooks";
import { number } from "../format";
import { headline, lineOf, unloaded, type ClaimResult, type Milestone, type Report } from "../learning";
import { Icon } from "./icons";

/** What the last check found: the first claim that does not hold, with numbers, a line and one thing to do. `old` says of what it is where it is not of this text and this check. */
export function Verdict(props: { report: Report; failed: ClaimResult | undefined; milestones: Milestone[]; file: string; old: string; goTo: (line: number) => void; again: (seed: number) => void; beyond?: (() => void) | undefined }) {
  const { report, failed, file, old } = props;
  const missing = (report.enforced ?? []).filter((one) => !one.enforced).map((one) => one.name);
  return (
    <div class={old ? "stack verdict old" : "stack verdict"}>
      {failed ? <Failure key={failed.id} {...props} failed={failed} file={file} /> : <Green report={report} old={old} beyond={props.beyond} />}
      <p class="small muted">
        {holding(report, props.milestones)}
      </p>
      {(report.left_out ?? []).length > 0 && (
        <p>
          {report.left_out?.join(" and ")}: asked of a folder, not of one text. <code>castalia new {report.project} --learn</code> in a shell makes one; put this text there, and type <code>castalia check {report.project}</code>.
        </p>
      )}
      {missing.length > 0 && <p class="small muted">Limits that do not hold on this machine: {missing.join(", ")}. castalia doctor says why.</p>}
      {(report.warnings ?? []).map((words) => (
        <p class="state warn" key={words}>
          <Icon name="alert" /> {words}
        </p>
      ))}
    </div>
  );
}

function Green({ report, old, beyond }: { report: Report; old: string; beyond: (() => void) | undefined }) {
  return (
    <>
      <h2 class="state good">
        <Icon name="check" /> Well done <Old words={old} />
      </h2>
      <p>
        {report.left_out?.length ? `Of ${report.project}, everything that is asked of one text holds` : `Every core claim about ${report.project} holds for this code`} <span class="muted">(seed {report.seed})</span>.
      </p>
      {beyond && (
        <p>
          <button type="button" class="button" onClick={beyond}>
            Check the claims beyond the core
          </button>
        </p>
      )}
    </>
  );
}

function Failure({ report, failed, file, old, goTo, again }: { report: Report; failed: ClaimResult; file: string; old: string; goTo: (line: number) => void; again: (seed: number) => void }) {
  const details = useRef<HTMLDetailsElement>(null);
  const line = lineOf(failed.file_line, file);
  const early = unloaded(failed);
  const rows: [string, unknown][] = [["Why", failed.why]];
  if (!early) rows.push(failed.call ? ["Call", failed.call] : ["Input", failed.input], ["Got", failed.got], ["Expected", failed.expected]);
  return (
    <>
      <h2 class={failed.outcome === "not_attempted" ? "state warn" : "state bad"}>
        <Icon name={failed.outcome === "not_attempted" ? "ring" : "cross"} /> {headline(failed, file)} <Old words={old} />
      </h2>
      <p class="claim-words">{early ? "Python stopped before the first claim could be tried." : failed.words}</p>
      <dl class="facts">
        {rows
          .filter(([, value]) => value !== null && value !== undefined && value !== "")
          .map(([name, value]) => (
            <>
              <dt>{name}</dt>
              <dd class={name === "Why" ? "" : "mono exact"}>{text(value)}</dd>
            </>
          ))}
        {!early && (
          <>
            <dt>Topic</dt>
            <dd>{failed.topic_title ? `${failed.topic_title} (${failed.topic})` : failed.topic}</dd>
          </>
        )}
        {failed.file_line && (
          <>
            <dt>At</dt>
            <dd>
              {line ? (
                <button type="button" class="link mono" onClick={() => goTo(line)}>
                  {failed.file_line}
                  <span class="hidden">: go to this line in the editor</span>
                </button>
              ) : (
                <span class="mono">{failed.file_line}</span>
              )}
            </dd>
          </>
        )}
        {!early && (
          <>
            <dt>Seed</dt>
            <dd>
              {report.seed}{" "}
              <button type="button" class="link" onClick={() => again(report.seed)}>
                Check with the same inputs
              </button>
            </dd>
          </>
        )}
      </dl>
      {failed.output && (
        <details ref={details}>
          <summary>What the code printed</summary>
          <pre class="log" tabIndex={0} role="region" aria-label="What the code printed">
            {failed.output}
          </pre>
        </details>
      )}
      {failed.action && !report.stubs && (
        <p class="next">
          <b>Next:</b> {here(failed.action)}
        </p>
      )}
    </>
  );
}

function Old({ words }: { words: string }) {
  return words ? <span class="tag">{words}</span> : null;
}

/** "3 of 4 core claims hold." */
function holding(report: Report, milestones: Milestone[]): string {
  const passed = new Set(report.claims.filter((one) => one.outcome === "pass").map((one) => one.id));
  const claims = milestones.filter((one) => !report.milestone || one.id === report.milestone).flatMap((one) => one.claims);
  const of = (some: typeof claims): string => `${some.filter((one) => passed.has(one.id)).length} of ${some.length}`;
  const beyond = claims.filter((one) => one.tier !== "core");
  const tried = beyond.some((one) => report.claims.some((result) => result.id === one.id));
  return `${of(claims.filter((one) => one.tier === "core"))} core claims hold${tried ? `, ${of(beyond)} beyond the core` : ""}.`;
}

/** The checker speaks of the shell's command; on this page the hint is a button. */
const here = (action: string): string => action.replace(/`castalia hint`/g, "a hint").replace(/`/g, "");

function text(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) || String(value).length < 12 ? String(value) : number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
