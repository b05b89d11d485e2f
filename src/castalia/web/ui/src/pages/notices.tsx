import { useEffect, useRef, useState } from "preact/hooks";
import { get, type Problem, send } from "../api";
import { NoticeList } from "../components/bell";
import { Icon } from "../components/icons";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { toast } from "../components/toast";
import { askDesktop, desktop, endDesktop, lastRead, markRead, useNotices } from "../notices";
import { useResource } from "../resource";

interface Rule {
  id: number;
  name: string;
  when: string[];
  experiment: string;
  filter: string;
  minutes: number;
  metric: string;
  above: boolean;
  value: number;
  page: boolean;
  webhook: string | null;
  pause: number;
  hourly: number;
  on: boolean;
  secret: boolean | string | null;
  fault?: string;
}

const kinds: [string, string][] = [
  ["finished", "It finishes"],
  ["failed", "It fails"],
  ["cancelled", "It is cancelled"],
  ["stalled", "It stalls"],
  ["alert", "It raises an alert"],
  ["metric", "A metric crosses a value"],
];

const plain: Rule = { id: 0, name: "", when: [], experiment: "", filter: "", minutes: 10, metric: "", above: true, value: 0, page: true, webhook: "", pause: 60, hourly: 20, on: true, secret: null };

const templates: [string, Partial<Rule>][] = [
  ["Tell me when any run fails", { when: ["failed"] }],
  ["Tell me when any run finishes", { when: ["finished", "failed"] }],
  ["Tell me when a run raises an alert", { when: ["alert"] }],
  ["Tell me when a run stalls", { when: ["stalled"], minutes: 10 }],
  ["Tell me when a metric gets good", { when: ["metric"], metric: "accuracy", value: 0.9 }],
];

/** Notices, the newest first, and the rules that make them. */
export function NoticesPage() {
  const { notices, known } = useNotices();
  const [from] = useState(lastRead);
  const { value: rules, problem, again } = useResource<Rule[]>("notices/rules", (signal) => get("notices/rules", signal));
  const [form, setForm] = useState<Rule>();
  const [failed, setFailed] = useState<Problem>();
  useEffect(() => {
    if (known) markRead();
  }, [known, notices[0]?.id]);
  const attempt = async (act: () => Promise<unknown>): Promise<boolean> => {
    setFailed(undefined);
    try {
      await act();
      again();
      return true;
    } catch (error) {
      setFailed(error as Problem);
      return false;
    }
  };
  const write = (rule: Rule): Promise<unknown> => {
    const { id, updated, fault, ...body } = rule as Rule & { updated?: number };
    if (typeof body.secret === "boolean") body.secret = null;
    return id ? send("PUT", `notices/rules/${id}`, body) : send("POST", "notices/rules", body);
  };
  const remove = (rule: Rule) =>
    attempt(async () => {
      await send("DELETE", `notices/rules/${rule.id}`);
      // A rule with a webhook cannot be made again as it was: its secret is gone.
      toast(`The rule “${rule.name}” is deleted`, rule.webhook ? undefined : () => attempt(() => write({ ...rule, id: 0 })));
    });
  const test = (rule: Rule) =>
    attempt(async () => {
      const said = await send<{ page: boolean; webhook: { taken: boolean; said: string } | null }>("POST", `notices/rules/${rule.id}/test`);
      const parts = [said.page && "the page was told", said.webhook && (said.webhook.taken ? `the webhook answered ${said.webhook.said}` : `the webhook was not told: ${said.webhook.said}`)];
      toast(`Test of “${rule.name}”: ${parts.filter(Boolean).join("; ")}`);
    });
  return (
    <>
      <PageHead title="Notices" note="What the rules below wanted you to be told about your runs." />
      {(problem ?? failed) && <ProblemBox problem={(failed ?? problem)!} again={again} />}
      <div class="stack loose">
        <section class="stack" aria-labelledby="said">
          <div class="row apart">
            <h2 id="said">Newest</h2>
            <Desktop />
          </div>
          {!known ? <Loading what="the notices" /> : notices.length ? <NoticeList notices={notices} from={from} /> : <p class="muted">Nothing was told yet.</p>}
        </section>
        <section class="stack" aria-labelledby="rules">
          <div class="row apart">
            <h2 id="rules">Rules</h2>
            {!form && (
              <button type="button" class="button" onClick={() => setForm(plain)}>
                <Icon name="plus" /> New rule
              </button>
            )}
          </div>
          {!form && rules && rules.length === 0 && (
            <Empty title="No rule yet">
              <p>A rule says of which runs you want to be told what. Begin with one of these:</p>
              <div class="row">
                {templates.map(([name, rule]) => (
                  <button key={name} type="button" class="button" onClick={() => setForm({ ...plain, ...rule, name })}>
                    {name}
                  </button>
                ))}
              </div>
            </Empty>
          )}
          {form && (
            <RuleForm
              start={form}
              close={() => setForm(undefined)}
              save={async (rule) => {
                if (!(await attempt(() => write(rule)))) return;
                setForm(undefined);
                toast(`The rule “${rule.name}” is ${rule.id ? "changed" : "on"}`);
              }}
            />
          )}
          {rules && rules.length > 0 && (
            <ul class="rules">
              {rules.map((rule) => (
                <li key={rule.id}>
                  <span class={`grow ${rule.on ? "" : "off"}`}>
                    <b>{rule.name}</b>
                    <br />
                    <span class="muted small">{sentence(rule)}</span>
                    {rule.fault && <span class="state bad"> It says nothing: {rule.fault}.</span>}
                  </span>
                  <span class="row">
                    <button type="button" class="button little" aria-label={`${rule.on ? "Turn off" : "Turn on"} ${rule.name}`} onClick={() => void attempt(() => write({ ...rule, on: !rule.on, webhook: null }))}>
                      {rule.on ? "Turn off" : "Turn on"}
                    </button>
                    <button type="button" class="button little" aria-label={`Test ${rule.name}`} onClick={() => void test(rule)}>
                      Test
                    </button>
                    <button type="button" class="button little" aria-label={`Edit ${rule.name}`} onClick={() => setForm(rule)}>
                      Edit
                    </button>
                    <button type="button" class="button little" aria-label={`Delete ${rule.name}`} onClick={() => void remove(rule)}>
                      Delete
                    </button>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </>
  );
}

/** A rule as one sentence. */
function sentence(rule: Rule): string {
  const what = rule.when.map((kind) => {
    if (kind === "stalled") return `has logged nothing for ${rule.minutes} min`;
    if (kind === "metric") return `has ${rule.metric} ${rule.above ? "above" : "below"} ${rule.value}`;
    return { finished: "finishes", failed: "fails", cancelled: "is cancelled", alert: "raises an alert" }[kind] ?? kind;
  });
  const which = [rule.experiment && `of ${rule.experiment}`, rule.filter && `with ${rule.filter}`].filter(Boolean).join(" ");
  const where = [rule.page && "the page", rule.webhook].filter(Boolean).join(" and ");
  return `When a run ${which ? `${which} ` : ""}${what.join(" or ")}: ${where}.${rule.on ? "" : " Off."}`;
}

function Desktop() {
  const state = desktop();
  if (state === "none") return null;
  if (state === "denied") return <span class="muted small">This browser does not let us show notices on the desktop.</span>;
  return state === "granted" ? (
    <button type="button" class="button little" onClick={endDesktop}>
      Stop showing them on the desktop
    </button>
  ) : (
    <button type="button" class="button little" onClick={() => void askDesktop()}>
      Show them on the desktop too
    </button>
  );
}

function RuleForm({ start, save, close }: { start: Rule; save: (rule: Rule) => Promise<void>; close: () => void }) {
  const [rule, setRule] = useState<Rule>({ ...start, secret: null });
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const set = (change: Partial<Rule>) => setRule({ ...rule, ...change });
  // As they are typed: a minus alone is no number yet, and neither is nothing.
  const [figures, setFigures] = useState<Record<string, string>>({});
  const has = (kind: string) => rule.when.includes(kind);
  const text = (id: string, label: string, value: string, change: (value: string) => Partial<Rule>, help = "", type: "text" | "number" | "url" | "password" = "text") => (
    <div class="field">
      <label class="label" for={`rule-${id}`}>
        {label}
      </label>
      <input id={`rule-${id}`} class="input" type={type as "text"} step="any" required={type === "number"} value={value} autocomplete="off" spellcheck={false} ref={id === "name" ? first : undefined} aria-describedby={help ? `help-${id}` : undefined} onInput={(event) => set(change(event.currentTarget.value))} />
      {help && (
        <span class="help" id={`help-${id}`}>
          {help}
        </span>
      )}
    </div>
  );
  const figure = (id: "minutes" | "value" | "pause" | "hourly", label: string, help = "") =>
    text(
      id,
      label,
      figures[id] ?? String(rule[id]),
      (typed) => {
        setFigures({ ...figures, [id]: typed });
        return typed === "" ? {} : { [id]: Number(typed) };
      },
      help,
      "number",
    );
  return (
    <form
      class="card stack"
      aria-label={start.id ? "Edit the rule" : "New rule"}
      onSubmit={(event) => {
        event.preventDefault();
        void save(rule);
      }}
    >
      {text("name", "Name", rule.name, (name) => ({ name }))}
      <fieldset class="kinds">
        <legend>Tell me of a run when</legend>
        {kinds.map(([kind, label]) => (
          <label key={kind}>
            <input type="checkbox" checked={has(kind)} onChange={(event) => set({ when: event.currentTarget.checked ? [...rule.when, kind] : rule.when.filter((one) => one !== kind) })} /> {label}
          </label>
        ))}
      </fieldset>
      <div class="fields">
        {has("stalled") && figure("minutes", "Minutes without a point")}
        {has("metric") && text("metric", "Metric", rule.metric, (metric) => ({ metric }))}
        {has("metric") && (
          <div class="field">
            <label class="label" for="rule-above">
              It gets
            </label>
            <select id="rule-above" class="input" value={rule.above ? "above" : "below"} onChange={(event) => set({ above: event.currentTarget.value === "above" })}>
              <option value="above">above</option>
              <option value="below">below</option>
            </select>
          </div>
        )}
        {has("metric") && figure("value", "Value")}
        {text("experiment", "Only of the experiment", rule.experiment, (experiment) => ({ experiment }), "Empty: of all.")}
        {text("filter", "Only of runs that fit", rule.filter, (filter) => ({ filter }), "As on Runs: params.rate > 0.01")}
      </div>
      <fieldset class="kinds">
        <legend>Where</legend>
        <label>
          <input type="checkbox" checked={rule.page} onChange={(event) => set({ page: event.currentTarget.checked })} /> On this page, and on the desktop where it may
        </label>
      </fieldset>
      <div class="fields">
        {text("webhook", "Webhook", rule.webhook ?? "", (webhook) => ({ webhook }), "An address that gets a POST of JSON. It takes an admin.", "url")}
        {rule.webhook && text("secret", "Secret that signs it", typeof rule.secret === "string" ? rule.secret : "", (secret) => ({ secret }), start.secret ? "There is one; a new one takes its place." : "May be empty. 16 characters or more.", "password")}
        {figure("pause", "Pause after each, seconds", "For the same run and the same reason.")}
        {figure("hourly", "At most an hour")}
      </div>
      <p class="row">
        <button type="submit" class="button first">
          {start.id ? "Keep the changes" : "Make the rule"}
        </button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
      </p>
    </form>
  );
}
