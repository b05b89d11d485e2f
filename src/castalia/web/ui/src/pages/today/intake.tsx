// From nothing to a first plan, one question a step. The step is the address, so that the way back is the browser's.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { LOST, Problem, get, send } from "../../api";
import { Field } from "../../components/dialog";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox, focusField } from "../../components/problem";
import { Same } from "../../components/snippet";
import { toast } from "../../components/toast";
import { chooseHome } from "../../home-choice";
import { useResource } from "../../resource";
import { href, setQuery, usePlace } from "../../router";
import { quote } from "../../shell";
import { type Draft, request, useDraft } from "./draft";
import { GoalPicker } from "./goal";
import { KnownPicker } from "./known";
import { Outlook, ThisWeek } from "./outlook";
import { Questions } from "./questions";
import type { Choices, Day, Exit, Kept, Plan } from "./types";

const steps = ["goal", "time", "known", "you", "questions", "plan"] as const;
type Step = (typeof steps)[number];

const heads: Record<Step, string> = {
  goal: "What do you want to reach?",
  time: "How much time do you have?",
  known: "What do you know already?",
  you: "About you",
  questions: "A few questions",
  plan: "Your plan",
};

export function Intake({ day, done }: { day: Day; done: () => void }) {
  const { query } = usePlace();
  const { draft, change, forget } = useDraft(day);
  const { value: choices, problem, again: retry } = useResource<Choices>("plan/goals", (signal) => get("plan/goals", signal));
  const asked = (query.get("step") ?? "goal") as Step;
  const step: Step = !steps.includes(asked) || !draft.goal ? "goal" : !draft.hours && steps.indexOf(asked) > 1 ? "time" : asked;
  const place = steps.indexOf(step);
  const box = useRef<HTMLElement>(null);
  const before = useRef(step);
  useEffect(() => {
    if (before.current === step) return;
    before.current = step;
    scrollTo(0, 0);
    // A plan is read before it is kept; elsewhere what is to be filled in comes first.
    const control = step === "plan" ? null : box.current?.querySelector<HTMLElement>("input:not([type=radio]), button.first");
    (control ?? box.current?.querySelector<HTMLElement>("h2"))?.focus({ preventScroll: true });
  }, [step, choices]);
  const to = (next: Step): void => setQuery({ step: next }, false);
  const onward = (): void => to(steps[Math.min(place + 1, steps.length - 1)]!);
  const shared = { day, draft, change, onward };
  return (
    <>
      <PageHead
        title={day.chosen ? "Another plan" : "Make a plan"}
        note="Say what you want to reach and how much time you have. All of it stays on this machine, and can be changed later."
      />
      {!choices ? (
        problem ? (
          <ProblemBox problem={problem} again={retry} />
        ) : (
          <Loading what="the goals" />
        )
      ) : (
        <section class="card stack intake" aria-labelledby="step" ref={box}>
          <div>
            <p class="eyebrow row apart">
              <span>
                Step {place + 1} of {steps.length}
              </span>
              {place > 0 && (
                <button type="button" class="link" onClick={() => to(steps[place - 1]!)}>
                  Back
                </button>
              )}
            </p>
            <h2 id="step" class="large" tabIndex={-1}>
              {heads[step]}
            </h2>
          </div>
          {step === "goal" && <GoalStep {...shared} choices={choices} />}
          {step === "time" && <TimeStep {...shared} limits={choices.hours} />}
          {step === "known" && <KnownStep {...shared} choices={choices} />}
          {step === "you" && <YouStep {...shared} />}
          {step === "questions" && <Questions key={draft.goal} draft={draft} change={change} leave={onward} />}
          {step === "plan" && (
            <PlanStep
              {...shared}
              done={() => {
                forget();
                chooseHome("today");
                done();
              }}
            />
          )}
        </section>
      )}
      {day.chosen && (
        <p class="leave">
          <a href={href("today")} onClick={forget}>
            Keep the plan as it is
          </a>
        </p>
      )}
    </>
  );
}

interface StepProps {
  day: Day;
  draft: Draft;
  change: (changes: Partial<Draft>) => void;
  onward: () => void;
}

/** A step that Enter ends. */
function StepForm({ submit, busy = false, children }: { submit: () => void; busy?: boolean; children: ComponentChildren }) {
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) submit();
      }}
    >
      {children}
      <p>
        <button type="submit" class="button first" aria-disabled={busy}>
          Continue
        </button>
      </p>
    </form>
  );
}

function GoalStep({ draft, change, onward, choices }: StepProps & { choices: Choices }) {
  const [missing, setMissing] = useState(false);
  const offered = useRef<{ id: string; title: string }>(undefined);
  const choose = (goal: string, title: string): void => {
    setMissing(false);
    change(goal === draft.goal ? {} : { goal, title, answers: [], cut: [] });
  };
  const submit = (): void => {
    const one = offered.current;
    if (one) choose(one.id, one.title);
    if (one || draft.goal) onward();
    else setMissing(true);
  };
  return (
    <StepForm submit={submit}>
      <GoalPicker
        choices={choices}
        chosen={draft.goal}
        labelledBy="step"
        choose={choose}
        offered={offered}
        done={submit}
      />
      <p role="status" class={missing || draft.title ? "" : "hidden"}>
        {draft.title ? (
          <>
            Chosen: <b>{draft.title}</b>
          </>
        ) : (
          missing && "Choose one first: type a word, or take one of the list."
        )}
      </p>
    </StepForm>
  );
}

function TimeStep({ day, draft, change, onward, limits }: StepProps & { limits: [number, number] }) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (!Number(draft.hours)) {
      const expected = `a number from ${limits[0]} to ${limits[1]}`;
      return setProblem(new Problem(422, { subject: "Hours a week", field: "hours", expected, cure: "Say how many you really have." }));
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await send<Plan>("POST", "plan/preview", request(draft, day, false));
      onward();
    } catch (error) {
      setProblem(error instanceof Problem ? error : LOST);
    }
    setBusy(false);
  };
  const wrong = (name: string) => problem?.errors.find((one) => one.field === name);
  useEffect(() => {
    const first = problem?.errors[0]?.field;
    if (first) focusField(first);
  }, [problem]);
  const said = (name: string) => {
    const found = wrong(name);
    return (
      found && (
        <span class="wrong" role="alert">
          <b>{found.expected ? `Expected ${found.expected}` : problem?.subject}</b>
          {found.cure && <span>{found.cure}</span>}
        </span>
      )
    );
  };
  const elsewhere = problem && !["hours", "target", "start"].some((name) => wrong(name));
  return (
    <StepForm submit={() => void submit()} busy={busy}>
      <div class="field">
        <Field label="Hours a week" help="As they really are in a usual week. A fifth of them stays free for what comes between.">
          {(at) => (
            <input {...at} data-field="hours" class="input figure" type="number" inputMode="decimal" min={limits[0]} max={limits[1]} step="any" required aria-invalid={Boolean(wrong("hours"))} value={draft.hours} onInput={(event) => change({ hours: event.currentTarget.value, cut: [] })} />
          )}
        </Field>
        {said("hours")}
      </div>
      <div class="fields">
        <div>
          <Field label="Done by (optional)" help="Leave it open, and the plan says when.">
            {(at) => <input {...at} data-field="target" class="input" type="date" aria-invalid={Boolean(wrong("target"))} value={draft.target} onInput={(event) => change({ target: event.currentTarget.value, cut: [] })} />}
          </Field>
          {said("target")}
        </div>
        <div>
          <Field label="Start (optional)" help={day.chosen ? "As in your plan, if it stays empty." : "Today, if it stays empty."}>
            {(at) => <input {...at} data-field="start" class="input" type="date" aria-invalid={Boolean(wrong("start"))} value={draft.start} onInput={(event) => change({ start: event.currentTarget.value })} />}
          </Field>
          {said("start")}
        </div>
      </div>
      {elsewhere && <ProblemBox problem={problem} />}
    </StepForm>
  );
}

/** The plan of a draft, asked again where the draft changed. */
function useTrial(draft: Draft, day: Day, known: boolean) {
  // What is known already is left in while it is chosen, so that what is not ticked any more can be ticked again.
  const body = known ? request(draft, day) : { ...request(draft, day, false), unknown: day.known };
  return useResource<Plan>(`plan?${JSON.stringify(body)}`, (signal) => send("POST", "plan/preview", body, signal));
}

function KnownStep({ day, draft, change, onward, choices }: StepProps & { choices: Choices }) {
  const { value, problem, again } = useTrial(draft, day, false);
  return (
    <StepForm submit={onward}>
      <p class="muted">What you tick begins as known and can be shown otherwise later. It never counts as checked. Nothing ticked is fine.</p>
      {problem && !value && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the topics of this goal" />}
      {value && <KnownPicker skills={choices.skills} needed={value.topics} known={draft.known} change={(known) => change({ known, answers: [], cut: [] })} />}
    </StepForm>
  );
}

const words = [
  ["beginning", "Where do you start from?"],
  ["strengths", "What are you good at?"],
  ["worries", "What worries you?"],
] as const;

function YouStep({ draft, change, onward }: StepProps) {
  return (
    <StepForm submit={onward}>
      <p class="muted">Three lines for yourself, all optional. They are kept in the journal on this machine and sent nowhere.</p>
      {words.map(([name, label]) => (
        <Field key={name} label={label}>
          {(at) => <input {...at} class="input" type="text" maxLength={2000} autocomplete="off" value={draft.about[name]} onInput={(event) => change({ about: { ...draft.about, [name]: event.currentTarget.value } })} />}
        </Field>
      ))}
    </StepForm>
  );
}

function PlanStep({ day, draft, change, done }: StepProps & { done: () => void }) {
  const { value, problem, again } = useTrial(draft, day, true);
  const [wrong, setWrong] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const take = (exit: Exit): void => {
    if (exit.kind === "hours") change({ hours: String(exit.hours), cut: [] });
    else if (exit.kind === "later") change({ target: exit.target ?? "", cut: [] });
    else change({ cut: exit.cut });
  };
  const keep = async (): Promise<void> => {
    setBusy(true);
    setWrong(undefined);
    try {
      const about = Object.fromEntries(Object.entries(draft.about).filter(([, text]) => text.trim()));
      const { before } = await send<Kept>("PUT", "plan", { ...request(draft, day), about });
      const newly = draft.known.filter((id) => !day.known.includes(id));
      const gone = day.known.filter((id) => !draft.known.includes(id));
      toast("The plan is yours", before ? () => send("PUT", "plan", { ...before, known: gone, unknown: newly, back: true }) : undefined);
      done(); // busy until the day is there
    } catch (error) {
      setWrong(error instanceof Problem ? error : LOST);
      setBusy(false);
    }
  };
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the plan" />;
  const line = `castalia roadmap start --goal ${quote(draft.goal)} --hours ${draft.hours}${draft.target ? ` --target ${draft.target}` : ""}${draft.known.length ? ` --known ${draft.known.join(",")}` : ""}`;
  return (
    <div class="stack">
      <p class="muted">
        <b>{value.goal.title}</b>: {value.topics.length} topics are left, {Math.round(value.hours_needed.total)} hours, at {value.hours} hours a week.
      </p>
      <Outlook plan={value} take={take} busy={busy} />
      <ThisWeek plan={value} />
      {wrong && <ProblemBox problem={wrong} />}
      <p>
        <button type="button" class="button first" aria-disabled={busy} onClick={() => !busy && void keep()}>
          {value.feasible || !draft.target ? "Keep this plan" : "Keep it as it is"}
        </button>
      </p>
      <Same open={false} title="The same in shell" snippets={{ shell: line }} />
    </div>
  );
}
