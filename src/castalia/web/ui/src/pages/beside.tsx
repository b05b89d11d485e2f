import { useState } from "preact/hooks";
import { Problem, get, part, post } from "../api";
import { bare } from "../checks";
import { AnswerView } from "../components/answer";
import { Chart, type Line } from "../components/chart";
import { Code } from "../components/code";
import { Form } from "../components/form";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { useDraft } from "../drafts";
import { duration } from "../format";
import { useResource } from "../resource";
import { fieldsOf, startOf } from "../schema";
import type { Curve, Json, RunRow, Schema, System, SystemCard, Values } from "../types";
import type { TabProps } from "./system";

const labelOf = (address: string): string => address.split("@")[0]!.replace("~", "/");

/** Your system beside ours: one form for both, both answers, and the curves of both last runs in one chart. */
export function Beside({ system, address, checked }: TabProps & { checked: boolean }) {
  const { value: systems } = useResource<SystemCard[]>("systems", (signal) => get("systems", signal));
  const others = (systems ?? []).filter((one) => one.name === system.name && one.address !== bare(system));
  const [chosen, setChosen] = useState("");
  const other = others.find((one) => one.address === chosen) ?? others[0];
  const ours = !system.shelf;
  return (
    <section class="stack" aria-label="Side by side">
      <h2>{ours ? "Yours beside ours" : "Beside the others"}</h2>
      {systems && !other && (
        <div class="stack tight">
          <p class="muted">
            Once a shelf that you trust holds a system called <code>{system.name}</code>, both are asked here with one form, and their curves lie over each other. This writes one to begin with, and makes the shelf known:
          </p>
          <Code text={checked ? `castalia new ${system.name} --learn\ncastalia shelf trust yours` : `castalia new ${system.name}\ncastalia shelf trust shelf`} what="the lines that make your shelf known" />
        </div>
      )}
      {others.length > 1 && (
        <div class="field">
          <label class="label" for="beside-other">
            Compare with
          </label>
          <select id="beside-other" class="input" value={other?.address} onChange={(event) => setChosen(event.currentTarget.value)}>
            {others.map((one) => (
              <option key={one.address} value={one.address}>
                {labelOf(one.address)}
              </option>
            ))}
          </select>
        </div>
      )}
      {other && <Pair key={other.address} first={system} at={address} other={other.address} />}
    </section>
  );
}

function Pair({ first, at, other }: { first: System; at: string; other: string }) {
  const { value: second, problem, again } = useResource<System>(`systems/${other}`, (signal) => get(`systems/${part(other)}`, signal));
  if (!second) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what={labelOf(other)} />;
  return (
    <>
      <AskBoth sides={[{ address: at, system: first }, { address: other, system: second }]} />
      <Overlaid addresses={[bare(first), other]} />
    </>
  );
}

interface Side {
  address: string;
  system: System;
}

interface Reply {
  value?: Json;
  problem?: Problem;
  model: string;
  seconds: number;
}

/** The fields that both have, as the first describes them. */
function shared(first: Schema, second: Schema): Schema {
  const known = new Set(fieldsOf(second).map((one) => one.name));
  const properties = Object.fromEntries(Object.entries(first.properties ?? {}).filter(([name]) => known.has(name)));
  return { ...first, properties, required: (first.required ?? []).filter((name) => known.has(name)) };
}

function AskBoth({ sides }: { sides: [Side, Side] }) {
  const [one, two] = sides;
  const schema = shared(one.system.input, two.system.input);
  const names = new Set(fieldsOf(schema).map((field) => field.name));
  const lacking = sides.map((side) => fieldsOf(side.system.input).filter((field) => field.required && !names.has(field.name)).map((field) => field.name));
  const example = Object.fromEntries(Object.entries(one.system.example ?? {}).filter(([name]) => names.has(name)));
  const [values, setValues] = useDraft(`beside/${one.address}/${two.address}`, () => startOf(schema, example));
  const [replies, setReplies] = useState<Reply[]>();
  const [busy, setBusy] = useState(false);
  const ask = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    const found: Reply[] = [];
    // One after the other, so that neither waits for the other's turn in its time.
    for (const side of sides) found.push(await askOne(side.address, values));
    setReplies(found);
    setBusy(false);
  };
  const wrong = lacking.findIndex((list) => list.length > 0);
  if (!names.size || wrong >= 0)
    return (
      <p class="state warn">
        <Icon name="alert" /> They cannot be asked with one form: {wrong >= 0 ? `${labelOf(sides[wrong]!.address)} needs ${lacking[wrong]!.join(", ")}, which the other does not know` : "they share no field"}.
      </p>
    );
  return (
    <div class="stack">
      <form
        class="card stack"
        aria-label="Ask both"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <Form schema={schema} values={values} onChange={setValues} errors={replies?.flatMap((reply) => reply.problem?.errors ?? []) ?? []} />
        <p>
          <button type="submit" class="button first" aria-disabled={busy}>
            {busy ? "Asking…" : "Ask both"}
          </button>
        </p>
      </form>
      <div class="pair" aria-live="polite" aria-busy={busy}>
        {sides.map((side, i) => (
          <section class="card stack" key={side.address} aria-label={`Answer of ${labelOf(side.address)}`}>
            <h3>
              <Link to={["systems", side.address]}>{labelOf(side.address)}</Link>
            </h3>
            <ReplyView reply={replies?.[i]} schema={side.system.output} before={i ? replies?.[0]?.value : undefined} />
          </section>
        ))}
      </div>
    </div>
  );
}

function ReplyView({ reply, schema, before }: { reply: Reply | undefined; schema: Schema; before: Json | undefined }) {
  if (!reply) return <p class="muted">Its answer appears here.</p>;
  if (reply.problem) return <ProblemBox problem={reply.problem} />;
  return (
    <>
      <AnswerView schema={schema} value={reply.value ?? null} before={before} />
      <p class="small faint">
        {reply.model && <span class="chip accent">{reply.model}</span>} <span class="num">{duration(reply.seconds)}</span>
      </p>
    </>
  );
}

async function askOne(address: string, values: Values): Promise<Reply> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const answer = await post("POST", `systems/${part(address)}`, values);
    return { value: (await answer.json()) as Json, model: answer.headers.get("x-castalia-model") ?? "", seconds: seconds() };
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem(0, { subject: "The answer could not be read", got: String(error) });
    return { problem, model: "", seconds: seconds() };
  }
}

/** The newest run of each, curve over curve, where both logged the same metric. */
function Overlaid({ addresses }: { addresses: [string, string] }) {
  const key = `beside-runs/${addresses.join("/")}`;
  const { value } = useResource<Record<string, Curve>[]>(key, (signal) => Promise.all(addresses.map((one) => newest(one, signal))));
  if (!value) return <Loading what="the curves" />;
  const without = addresses.filter((_, i) => !Object.values(value[i]!).some((curve) => curve.step.length > 1));
  const both = Object.keys(value[0]!).filter((name) => (value[0]![name]?.step.length ?? 0) > 1 && (value[1]![name]?.step.length ?? 0) > 1);
  const line = (i: number, name: string): Line => {
    const curve = value[i]![name]!;
    return { name: labelOf(addresses[i]!), x: curve.step, y: curve.value.map((one) => (typeof one === "number" ? one : null)) };
  };
  return (
    <div class="stack">
      <h3>Curves of the last runs</h3>
      {without.length > 0 ? (
        <p class="muted">{without.map(labelOf).join(" and ")} {without.length > 1 ? "have" : "has"} no curve yet: train it, and the two lie over each other here.</p>
      ) : (
        !both.length && <p class="muted">The last runs logged no metric of the same name.</p>
      )}
      <div class="charts">
        {both.map((name) => (
          <div class="card" key={name}>
            <Chart title={name} lines={[line(0, name), line(1, name)]} />
          </div>
        ))}
      </div>
    </div>
  );
}

async function newest(address: string, signal: AbortSignal): Promise<Record<string, Curve>> {
  const label = labelOf(address);
  const { items } = await get<{ items: RunRow[] }>(`runs?q=${part(label)}&limit=50&order=-started`, signal);
  const run = items.find((one) => one.system === label);
  return run ? get<Record<string, Curve>>(`runs/${part(run.run_id)}/metrics`, signal) : {};
}
