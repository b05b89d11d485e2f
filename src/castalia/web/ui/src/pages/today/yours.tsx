// The plan behind the day, folded: dates, this week, and what can be changed. What a change moved is said.
import { useEffect, useState } from "preact/hooks";
import { get, send } from "../../api";
import { Field } from "../../components/dialog";
import { Link } from "../../components/link";
import { ProblemBox } from "../../components/problem";
import { Same } from "../../components/snippet";
import { toast } from "../../components/toast";
import { useResource } from "../../resource";
import { useDeed } from "./deed";
import { KnownPicker } from "./known";
import { Outlook, ThisWeek } from "./outlook";
import { type Choices, type Day, type Exit, type Holding, type Kept, type Plan, type Settled, dated } from "./types";

const STILL = "finish unchanged";

/** The sentence after a change, with the way back. */
function told(kept: Kept, known: { known?: string[]; unknown?: string[] }): void {
  const before = kept.before && { ...kept.before, known: known.unknown ?? [], unknown: known.known ?? [], back: true };
  const said = kept.moved && kept.moved !== STILL ? `The plan is changed: ${kept.moved}` : "The plan is changed, and its finish is the same";
  toast(said, before ? () => send("PUT", "plan", before) : undefined);
}

export function YourPlan({ day, again }: { day: Day; again: () => void }) {
  const { act, problem, busy } = useDeed(again);
  const plan = day.plan;
  if (!plan) return null;
  const settle = (changes: Partial<Settled> & { cut?: string[]; known?: string[]; unknown?: string[] }): void =>
    act(async () => told(await send<Kept>("PUT", "plan", changes), changes));
  const take = (exit: Exit): void => settle(exit.kind === "hours" ? { hours: exit.hours } : exit.kind === "later" ? { target: exit.target } : { cut: exit.cut });
  return (
    <details class="yours">
      <summary>
        <span class="yours-title">Your plan</span>
        <span>
          <bdi>{plan.goal.title}</bdi>
          {plan.finish_p50 && plan.finish_p90 ? `, between ${dated(plan.finish_p50)} and ${dated(plan.finish_p90)}` : ""}
        </span>
      </summary>
      <div class="stack loose">
        {plan.moved && plan.moved !== STILL && <p class="next">Since the plan was kept: {plan.moved}.</p>}
        <Outlook plan={plan} take={take} busy={busy} />
        <div class="stack tight">
          <ThisWeek plan={plan} />
        </div>
        {problem && <ProblemBox problem={problem} summary />}
        <Change key={`${day.settled.hours} ${day.settled.target}`} day={day} plan={plan} settle={settle} busy={busy} />
        <OwnResource day={day} again={again} />
        <OwnGap day={day} again={again} />
        <Known day={day} plan={plan} again={again} />
      </div>
    </details>
  );
}

function Change({ day, plan, settle, busy }: { day: Day; plan: Plan; settle: (changes: Partial<Settled>) => void; busy: boolean }) {
  const [hours, setHours] = useState(String(day.settled.hours));
  const [target, setTarget] = useState(day.settled.target ?? "");
  return (
    <form
      class="stack tight"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        settle({ hours: Number(hours), target: target || null });
      }}
    >
      <h3>Change it</h3>
      <div class="fields">
        <Field label="Hours a week">{(at) => <input {...at} data-field="hours" class="input" type="number" inputMode="decimal" min={0.5} max={100} step="any" value={hours} onInput={(event) => setHours(event.currentTarget.value)} />}</Field>
        <Field label="Done by">{(at) => <input {...at} data-field="target" class="input" type="date" value={target} onInput={(event) => setTarget(event.currentTarget.value)} />}</Field>
      </div>
      <p class="row">
        <button type="submit" class="button" aria-disabled={busy}>
          Plan again
        </button>
        <Link to={["today"]} query="step=goal">
          Choose another goal
        </Link>
      </p>
      <Same open={false} title="The same in shell" snippets={{ shell: `castalia roadmap plan --hours ${Number(hours) || plan.hours}${target ? ` --target ${target}` : ""} --keep` }} />
    </form>
  );
}

function OwnResource({ day, again }: { day: Day; again: () => void }) {
  const empty = { title: "", hours: "2", url: "" };
  const [said, setSaid] = useState(empty);
  const { act, problem, busy } = useDeed(again);
  const add = (): void =>
    act(async () => {
      const sent = { title: said.title.trim(), hours: Number(said.hours), url: said.url.trim() };
      const { before } = await send<{ before: Day["own"]["resources"][number] | null }>("POST", "plan/resource", sent);
      toast(`“${sent.title}” is in this week`, () => send("POST", "plan/resource", before ?? { title: sent.title, removed: true }));
      setSaid(empty);
    });
  const remove = (one: Day["own"]["resources"][number]): void =>
    act(async () => {
      await send("POST", "plan/resource", { title: one.title, removed: true });
      toast(`“${one.title}” is out of the plan`, () => send("POST", "plan/resource", one));
    });
  return (
    <details>
      <summary>A book or course of your own</summary>
      <form
        class="stack tight"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <p class="muted small">The plan gives it its hours first, from this week on.</p>
        <Field label="What it is called">{(at) => <input {...at} data-field="title" class="input" type="text" maxLength={200} autocomplete="off" value={said.title} onInput={(event) => setSaid({ ...said, title: event.currentTarget.value })} />}</Field>
        <div class="fields">
          <Field label="Hours">{(at) => <input {...at} data-field="hours" class="input" type="number" inputMode="decimal" min={0.5} max={1000} step="any" value={said.hours} onInput={(event) => setSaid({ ...said, hours: event.currentTarget.value })} />}</Field>
          <Field label="Where it is (optional)">{(at) => <input {...at} data-field="url" class="input" type="url" placeholder="https://" autocomplete="off" value={said.url} onInput={(event) => setSaid({ ...said, url: event.currentTarget.value })} />}</Field>
        </div>
        {problem && <ProblemBox problem={problem} />}
        <p>
          <button type="submit" class="button" aria-disabled={busy}>
            Add it to this week
          </button>
        </p>
      </form>
      {day.own.resources.length > 0 && (
        <ul class="week plain" aria-label="Your own resources">
          {day.own.resources.map((one) => (
            <li key={one.title}>
              <span>
                {one.url ? (
                  <a href={one.url} target="_blank" rel="noreferrer noopener">
                    <bdi>{one.title}</bdi>
                  </a>
                ) : (
                  <bdi>{one.title}</bdi>
                )}
                <span class="muted"> from {dated(one.day)}</span>
              </span>
              <button type="button" class="button quiet little" aria-label={`Take ${one.title} out`} onClick={() => remove(one)}>
                Take out
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** What stood before: one of that name, and the gap then. */
interface GapWas {
  before: Day["own"]["gaps"][number] | null;
  held: Holding | null;
}

function OwnGap({ day, again }: { day: Day; again: () => void }) {
  const [title, setTitle] = useState("");
  const { act, problem, busy } = useDeed(again);
  const name = (): void =>
    act(async () => {
      const said = title.trim();
      const { before, held } = await send<GapWas>("POST", "today/gap", { title: said });
      toast(`“${said}” is the gap now`, () => send("POST", "today/gap", { ...(before ?? { title: said, removed: true }), held }));
      setTitle("");
    });
  const remove = (one: Day["own"]["gaps"][number]): void =>
    act(async () => {
      const { held } = await send<GapWas>("POST", "today/gap", { title: one.title, removed: true });
      toast(`“${one.title}” is no gap any more`, () => send("POST", "today/gap", { ...one, held }));
    });
  return (
    <details>
      <summary>A gap of your own</summary>
      <form
        class="stack tight"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          name();
        }}
      >
        <Field label="What you do not understand yet" help="It is the gap from now on, before all others.">
          {(at) => <input {...at} data-field="title" class="input" type="text" maxLength={200} autocomplete="off" placeholder="I mix up axes" value={title} onInput={(event) => setTitle(event.currentTarget.value)} />}
        </Field>
        {problem && <ProblemBox problem={problem} />}
        <p>
          <button type="submit" class="button" aria-disabled={busy}>
            Make it the gap
          </button>
        </p>
      </form>
      {day.own.gaps.length > 0 && (
        <ul class="week plain" aria-label="Your own gaps">
          {day.own.gaps.map((one) => (
            <li key={one.title}>
              <bdi>{one.title}</bdi>
              <button type="button" class="button quiet little" aria-label={`Take ${one.title} away`} onClick={() => remove(one)}>
                Take away
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}

/** Ticks are collected: each plan is computed once, and nothing that was pressed is lost. */
function Known({ day, plan, again }: { day: Day; plan: Plan; again: () => void }) {
  const [open, setOpen] = useState(false);
  const [ticked, setTicked] = useState(day.known);
  useEffect(() => setTicked(day.known), [day.known.join()]);
  const { act, problem, busy } = useDeed(again);
  const { value, problem: lost, again: retry } = useResource<Choices>(open ? "plan/goals" : "", (signal) => get("plan/goals", signal));
  const known = ticked.filter((id) => !day.known.includes(id));
  const unknown = day.known.filter((id) => !ticked.includes(id));
  const keep = (): void =>
    act(async () => {
      const changes = { ...(known.length ? { known } : {}), ...(unknown.length ? { unknown } : {}) };
      told(await send<Kept>("PUT", "plan", changes), changes);
    });
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>What you know already</summary>
      {lost && !value && <ProblemBox problem={lost} again={retry} />}
      {value && (
        <div class="stack">
          <KnownPicker skills={value.skills} needed={[...plan.topics, ...day.known]} known={ticked} change={setTicked} />
          {problem && <ProblemBox problem={problem} />}
          <p>
            <button type="button" class="button" aria-disabled={busy || !(known.length || unknown.length)} onClick={() => (known.length || unknown.length) && keep()}>
              Plan with these
            </button>
          </p>
        </div>
      )}
    </details>
  );
}
