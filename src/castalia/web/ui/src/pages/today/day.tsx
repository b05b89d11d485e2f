// One gap, one milestone, at most three reviews, and when to stop.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Problem, get, send } from "../../api";
import { checkOf, useChecks } from "../../checks";
import { Code } from "../../components/code";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Same } from "../../components/snippet";
import { toast } from "../../components/toast";
import { prefix } from "../../connection";
import type { CheckLine } from "../../learning";
import { useDeed } from "./deed";
import { type Day, type Gap, type OwnGap, type Source, type Step, dated, weekday } from "./types";
import { YourPlan } from "./yours";

export function DayView({ day, again }: { day: Day; again: () => void }) {
  return (
    <>
      <PageHead title={weekday(day.date)} note={<>One gap, one thing to build, and when to stop. Towards: <bdi>{day.goal.title}</bdi>.</>} />
      {day.back ? (
        <div class="stack loose">
          <section class="card stack lead" aria-labelledby="back">
            <h2 id="back">{day.back.minutes} minutes to return</h2>
            <p class="large">{day.back.words}</p>
            {day.back.project && <BackToDesk project={day.back.project} />}
            <InShell line={day.back.command} what="the line that begins it" />
            <Stop day={day} />
          </section>
          <details class="rest">
            <summary>The rest of the day, if you want it</summary>
            <div class="stack loose">
              <Body day={day} again={again} stop={false} />
              <YourPlan day={day} again={again} />
            </div>
          </details>
          <SameAsHere />
        </div>
      ) : (
        <div class="stack loose">
          <Body day={day} again={again} stop />
          <YourPlan day={day} again={again} />
          <SameAsHere />
        </div>
      )}
    </>
  );
}

function BackToDesk({ project }: { project: string }) {
  const line = checkOf(useChecks().value, { address: project });
  return (
    <p>
      <Link class="button first" {...deskOf(project, line)}>
        Open it
      </Link>
    </p>
  );
}

function Body({ day, again, stop }: { day: Day; again: () => void; stop: boolean }) {
  return (
    <div class="stack loose">
      {day.gap ? <TheGap key={day.gap.topic} gap={day.gap} links={day.links} again={again} /> : <Closed day={day} />}
      {day.milestone && <Build key={day.milestone.id} step={day.milestone} again={again} />}
      {day.reviews.length > 0 && (
        <Part title="Again" id="again">
          <p class="muted">Something you have shown before, so that it stays.</p>
          <ul class="plain stack">
            {day.reviews.map((one) => (
              <li key={one.id} class="stack tight">
                <p>
                  <bdi>{sentence(one.title)}</bdi> <span class="muted">About {one.minutes} minutes.</span>
                </p>
                <InShell line={one.command} what="the line that begins it, and checks it afterwards" />
              </li>
            ))}
          </ul>
        </Part>
      )}
      {stop && (
        <Part title="When to stop" id="stop">
          <Stop day={day} />
        </Part>
      )}
      {day.bug && <BugOfTheDay key={`${day.bug.contract}/${day.bug.id}`} bug={day.bug} again={again} />}
      {day.tip && (
        <p class="tip">
          <bdi>{day.tip}</bdi>
          {day.tip_url && (
            <>
              {" "}
              <a href={day.tip_url} target="_blank" rel="noreferrer noopener">
                More about it<span class="hidden"> (another site, in a new tab)</span>
              </a>
            </>
          )}
        </p>
      )}
    </div>
  );
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? "" : "."}`;

function Part({ title, id, children }: { title: string; id: string; children: ComponentChildren }) {
  return (
    <section class="stack tight" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function InShell({ line, what }: { line: string; what: string }) {
  return <Code text={line} what={what} wrap />;
}

function Stop({ day }: { day: Day }) {
  return (
    <>
      <p>{day.stop}</p>
      {day.next_time && (
        <p class="muted">
          <bdi>{day.next_time}</bdi>
        </p>
      )}
    </>
  );
}

function Closed({ day }: { day: Day }) {
  return (
    <Part title="No gap is left" id="gap">
      <p>
        You have shown all that <bdi>{day.goal.title}</bdi> needs. Choose what comes next below, under Your plan.
      </p>
    </Part>
  );
}

function TheGap({ gap, links, again }: { gap: Gap; links: Source[]; again: () => void }) {
  const { act, problem, busy } = useDeed(again);
  const park = () =>
    act(async () => {
      const { since } = await send<{ since: string | null }>("POST", "today/park", { topic: gap.topic });
      toast(`“${gap.title}” waits until tomorrow`, () => send("POST", "today/park", { topic: gap.topic, since: since ?? gap.since }));
    });
  const own = gap.topic.startsWith("own:");
  const know = () =>
    act(async () => {
      const { since, gaps } = await send<{ since: string; gaps: OwnGap[] }>("POST", "today/known", { topic: gap.topic });
      toast(`“${gap.title}” is closed, by your word`, () => send("POST", "today/known", { topic: gap.topic, known: false, since, gaps }));
    });
  return (
    <section class="card stack" aria-labelledby="gap">
      <div>
        <p class="eyebrow">One gap to close</p>
        <h2 id="gap" class="large">
          <bdi>{sentence(gap.title).replace(/\.$/, "")}</bdi>
        </h2>
      </div>
      <p class="muted why">
        <bdi>{sentence(gap.why)}</bdi>
      </p>
      {links.length > 0 && (
        <ul class="plain stack tight" aria-label="To learn it from">
          {links.map((one) => (
            <li key={one.url}>
              <a href={one.url} target="_blank" rel="noreferrer noopener">
                <bdi>{one.title}</bdi>
                <span class="hidden"> (another site, in a new tab)</span>
              </a>
              <span class="muted small">
                {" "}
                {one.kind}, {one.cost}
                {one.cost_as_of ? ` as of ${dated(one.cost_as_of)}` : ""}
                {one.scope ? `: ${one.scope}` : ""}
              </span>
            </li>
          ))}
        </ul>
      )}
      {problem && <ProblemBox problem={problem} />}
      <p class="row">
        {gap.done_command && (
          <button type="button" class="button little" aria-disabled={busy} onClick={know}>
            {own ? "Done with it" : "I know it now"}
          </button>
        )}
        <button type="button" class="button little" aria-disabled={busy} onClick={park}>
          Not today
        </button>
        <span class="muted small">It is yours until {weekday(gap.until)}.</span>
      </p>
      {gap.done_command && (
        <p class="muted small">
          Your word closes it. Or in the shell: <code>{gap.done_command}</code>
        </p>
      )}
    </section>
  );
}

function Build({ step, again }: { step: Step; again: () => void }) {
  const line = checkOf(useChecks().value, { address: step.project });
  return (
    <section class="card stack" aria-labelledby="build">
      <div>
        <p class="eyebrow">One thing to build</p>
        <h2 id="build" class="large">
          <bdi>{step.title}</bdi>
        </h2>
        <p class="muted">
          {step.number} of {line?.title ?? step.project}, about {step.minutes} minutes in all
        </p>
      </div>
      {step.words && (
        <p>
          <bdi>{step.words}</bdi>
        </p>
      )}
      {step.check ? (
        <p class="row">
          <Link class="button first" {...deskOf(step.project, line)}>
            Build it
          </Link>
          <span class="muted small">
            Or in the shell: <code>{step.command}</code>
          </span>
        </p>
      ) : (
        <Say key={step.id} step={step} again={again} />
      )}
    </section>
  );
}

/** Where it is built; what can be checked is a list that may come a moment later. */
function deskOf(project: string, line: CheckLine | undefined): { to: string[]; query?: string } {
  if (!line || line.kind === "exercise") return { to: ["learn", line?.address ?? project] };
  return { to: [line.system ? "systems" : "projects", line.address], query: "tab=build" };
}

/** Nothing checks it yet: what counts is a link, or the learner's word. */
function Say({ step, again }: { step: Step; again: () => void }) {
  const [url, setUrl] = useState("");
  const { act, problem, busy } = useDeed(again);
  const say = () =>
    act(async () => {
      await send("POST", "today/done", { milestone: step.id, url: url.trim() });
      toast(`${step.id} is done: ${url.trim() ? "linked" : "self-reported"}`, () => send("POST", "today/done", { milestone: step.id, removed: true }));
    });
  return (
    <form
      class="stack tight"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        say();
      }}
    >
      <p class="state row whole">
        <Icon name="ring" /> <span>{sentence(step.says).replace(/\.$/, "")}: a link or your word is what counts.</span>
      </p>
      <div class="field">
        <label class="label" for="done-url">
          Where it can be looked at <span class="tag">optional</span>
        </label>
        <input id="done-url" data-field="url" class="input" type="url" placeholder="https://" autocomplete="off" value={url} onInput={(event) => setUrl(event.currentTarget.value)} />
      </div>
      {problem && <ProblemBox problem={problem} summary />}
      <p>
        <button type="submit" class="button" aria-disabled={busy}>
          {url.trim() ? "Link it" : "Say that it is done"}
        </button>
      </p>
    </form>
  );
}

/** Think first; the answer is fetched when it is asked for. */
function BugOfTheDay({ bug, again }: { bug: { contract: string; id: string; question: string }; again: () => void }) {
  const [answer, setAnswer] = useState<{ claim: string; words: string }>();
  const [problem, setProblem] = useState<Problem>();
  const reveal = async (): Promise<void> => {
    setProblem(undefined);
    try {
      const told = await get<{ contract: string; id: string; claim: string; words: string }>("today/bug");
      if (told.contract === bug.contract && told.id === bug.id) setAnswer(told);
      else again(); // the day turned since the question was shown
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <Part title="A bug to think about" id="bug">
      <p>
        <bdi>{bug.question}</bdi>
      </p>
      {problem && <ProblemBox problem={problem} />}
      <div role="status">
        {answer && (
          <p class="next">
            It breaks: <bdi>{answer.words}</bdi>
          </p>
        )}
      </div>
      {!answer && (
        <p>
          <button type="button" class="button little" onClick={() => void reveal()}>
            <Icon name="eye" /> Show what it breaks
          </button>
        </p>
      )}
    </Part>
  );
}

function SameAsHere() {
  return <Same open={false} title="The same in shell, curl" snippets={{ shell: "castalia today", curl: `curl ${location.origin}${prefix}today` }} />;
}
