import { useEffect, useState } from "preact/hooks";
import { part } from "../api";
import { AnswerView } from "../components/answer";
import { Code } from "../components/code";
import { Form } from "../components/form";
import { ProblemBox } from "../components/problem";
import { Same } from "../components/snippet";
import { useAsking, type Asking } from "../asking";
import { useDraft } from "../drafts";
import { duration, words } from "../format";
import { usePlace } from "../router";
import { fieldsOf, startOf } from "../schema";
import { callSnippets } from "../snippets";
import type { Schema, Values, Verb } from "../types";
import type { TabProps } from "./system";

/** A form on the left, the answer on the right; after the first answer every change asks again (what if). */
export function AskTab({ system, address, verb }: TabProps & { verb?: Verb }) {
  const input = verb?.input ?? system.input;
  const output = verb?.output ?? system.output;
  const path = `systems/${part(address)}${verb ? `:${part(verb.name)}` : ""}`;
  const example = verb ? undefined : system.example;
  const [values, setValues, reset] = useDraft(`${path}?${system.model?.label ?? ""}`, () => startOf(input, example));
  const asking = useAsking(path);
  const [live, setLive] = useState(!verb?.writes);
  const whatIf = !verb?.writes && fieldsOf(input).length > 0;

  const drawing = usePlace().query.has("draw");

  const change = (next: Values): void => {
    setValues(next);
    if (live && whatIf && (drawing || !asking.first) && complete(input, next)) asking.ask(next, false);
  };
  return (
    <div class="two asking">
      <form
        class="card stack"
        aria-label={verb ? words(verb.name) : `Ask ${system.title}`}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          asking.ask(values, true);
        }}
      >
        {verb?.doc && <p class="muted">{verb.doc}</p>}
        {asking.problem && (asking.byHand || !asking.problem.errors.length) && <ProblemBox problem={asking.problem} summary={asking.byHand} />}
        <Form schema={input} values={values} onChange={change} errors={asking.problem?.errors ?? []} />
        <div class="row apart">
          <span class="row">
            <button type="submit" class="button first" aria-disabled={asking.busy && asking.first}>
              {verb ? words(verb.name) : asking.first ? "Ask" : "Ask again"}
            </button>
            <button type="button" class="button quiet" onClick={reset}>
              Start over
            </button>
          </span>
          {whatIf && (
            <label class="switch small">
              <input type="checkbox" role="switch" checked={live} onChange={(event) => setLive(event.currentTarget.checked)} />
              Answer as I change it
            </label>
          )}
        </div>
      </form>
      <Same snippets={callSnippets(address, path, verb?.name ?? "", values, input)} />
      <Answer asking={asking} schema={output} live={live && whatIf} hint={drawing && live ? "It follows every stroke." : "Fill in the form, then ask. The example that is filled in works as it is."} />
    </div>
  );
}

/** Nothing required is empty: half a form is not asked about. */
function complete(schema: Schema, values: Values): boolean {
  return fieldsOf(schema).every((one) => !one.required || (values[one.name] !== undefined && values[one.name] !== ""));
}

function Answer({ asking, schema, live, hint }: { asking: Asking; schema: Schema; live: boolean; hint: string }) {
  const slow = useSlow(asking.busy);
  const { answer, baseline } = asking;
  const moved = answer !== undefined && baseline !== undefined && JSON.stringify(answer) !== JSON.stringify(baseline);
  return (
    <section class="card stack still" aria-label="Answer" aria-busy={asking.busy}>
      {answer === undefined ? (
        <div class="stack tight">
          <h2>{asking.busy ? "Thinking…" : "The answer appears here"}</h2>
          <p class="muted" role="status">
            {slow ? "The model is being opened. Without a trained version it first learns a quick one: a few seconds, once." : asking.busy ? "" : hint}
          </p>
        </div>
      ) : (
        <>
          <div class={slow ? "answer busy" : "answer"} aria-live="polite" aria-atomic="false">
            <AnswerView schema={schema} value={answer} before={live || moved ? baseline : undefined} />
          </div>
          <div class="row apart small faint">
            <span>
              {asking.model && <span class="chip accent">{asking.model}</span>} <span class="num">{duration(asking.milliseconds / 1000)}</span>
            </span>
            {moved && (
              <button type="button" class="button quiet little" onClick={asking.keepAsBaseline}>
                Compare with this from now on
              </button>
            )}
          </div>
          <details>
            <summary>JSON</summary>
            <Code text={short(answer)} what="the answer as JSON" wrap />
          </details>
        </>
      )}
    </section>
  );
}

/** Media in JSON are cut for the eye. */
function short(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === "string" && one.startsWith("data:") && one.length > 120 ? `${one.slice(0, 60)}… (${one.length} characters)` : one), 2);
}

function useSlow(busy: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!busy) return;
    const timer = setTimeout(() => setSlow(true), 500);
    return () => clearTimeout(timer);
  }, [busy]);
  return slow;
}
