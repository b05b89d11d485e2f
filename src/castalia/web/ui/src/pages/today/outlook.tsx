// What a plan says: two dates with what they rest on, whether it fits, and three ways where it does not.
import { Icon } from "../../components/icons";
import { number, plural } from "../../format";
import { type Exit, type Plan, dated, spoken } from "./types";

const verbs = { hours: "Take more hours", later: "Take the later date", cut: "Leave this out" } as const;

export function Outlook({ plan, take, busy = false }: { plan: Plan; take?: (exit: Exit) => void; busy?: boolean }) {
  if (!plan.topics.length) return <p>Nothing is left to learn for this goal.</p>;
  const never = "not within twenty years";
  return (
    <div class="stack">
      <dl class="dates">
        <div>
          <dt>Half of the simulated learners by</dt>
          <dd>{plan.finish_p50 ? <time dateTime={plan.finish_p50}>{dated(plan.finish_p50)}</time> : never}</dd>
          <dd class="note-under">P50: as likely earlier as later</dd>
        </div>
        <div>
          <dt>Nine of ten by</dt>
          <dd>{plan.finish_p90 ? <time dateTime={plan.finish_p90}>{dated(plan.finish_p90)}</time> : never}</dd>
          <dd class="note-under">P90: later for one in ten</dd>
        </div>
      </dl>
      <ul class="basis">
        {plan.basis.map((one) => (
          <li key={one}>{spoken(one)}</li>
        ))}
        <li>{plan.tested}</li>
      </ul>
      {plan.target && <Fits plan={plan} />}
      {plan.exits.length > 0 && (
        <ul class="exits plain" aria-label="Three ways to make it fit">
          {plan.exits.map((one) => (
            <li key={one.kind}>
              <p>{spoken(one.words)}</p>
              {take && one.possible && (
                <button type="button" class="button little" aria-disabled={busy} onClick={() => take(one)}>
                  {verbs[one.kind]}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Fits({ plan }: { plan: Plan }) {
  const need = plan.hours_needed;
  const a = need.before !== null && need.with_buffer !== null ? `${number(Math.round(need.before))} hours a week, ${number(Math.round(need.with_buffer))} with the fifth that stays free` : "";
  return plan.feasible ? (
    <p class="state good row whole">
      <Icon name="check" /> It fits until {dated(plan.target!)}.
    </p>
  ) : (
    <div>
      <p class="state warn strong row whole">
        <Icon name="alert" /> It does not fit until {dated(plan.target!)}.
      </p>
      <p>
        {number(Math.round(need.total))} hours until then are {a}. You have {number(plan.hours)}. Three ways, each planned again:
      </p>
    </div>
  );
}

/** The pieces of the first week. */
export function ThisWeek({ plan }: { plan: Plan }) {
  const shares = plan.week?.shares ?? [];
  return (
    <>
      <h3>{plan.week && plan.week.start > today() ? `The week from ${dated(plan.week.start)}` : "This week"}</h3>
      {shares.length ? (
        <ul class="week plain">
          {shares.map((one) => (
            <li key={`${one.kind}${one.id}`}>
              <span>
                <bdi>{one.title}</bdi>
                {one.kind === "milestone" && <span class="muted"> a milestone</span>}
              </span>
              <span class="num muted">{hours(one.hours)}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted">Nothing new.</p>
      )}
    </>
  );
}

const today = (): string => new Date().toLocaleDateString("sv-SE");

const hours = (value: number): string => (value < 0.05 ? "" : plural(Math.round(value * 10) / 10, "hour"));
