import { useEffect, useRef } from "preact/hooks";
import { part } from "../api";
import { useAsking } from "../asking";
import { FigureView } from "../components/figure";
import { Form } from "../components/form";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { useDraft } from "../drafts";
import { fieldsOf, startOf } from "../schema";
import type { Figure, Schema, Values } from "../types";
import type { TabProps } from "./system";

const none: Schema = { type: "object", properties: {} };

/** Any view.py: its controls as a form that stays, its figures beside it or below; moving a control draws again. */
export function ViewsTab({ system, address }: TabProps) {
  const controls = system.view?.controls ?? none;
  const path = `systems/${part(address)}/view`;
  const [values, setValues] = useDraft(path, () => startOf(controls, undefined));
  const asking = useAsking(path);
  // Not those of the last drawing: a control may have moved since.
  const newest = useRef(values);
  useEffect(() => {
    newest.current = values;
    asking.ask(values, true);
  }, [path]);
  const change = (next: Values): void => {
    newest.current = next;
    setValues(next);
    asking.ask(next, false);
  };
  const answer = asking.answer as { figures?: Figure[] } | undefined;
  // A view that was cut short for time says so, and goes on where it was when it is asked again.
  useEffect(() => {
    if (answer?.figures?.some((one) => one.data?.more === true)) asking.ask(newest.current, false);
  }, [answer]);
  const controlled = fieldsOf(controls).length > 0;
  return (
    <div class={controlled ? "viewing" : undefined}>
      {controlled && (
        <form class="card" aria-label="Controls" onSubmit={(event) => event.preventDefault()}>
          <Form schema={controls} values={values} onChange={change} errors={asking.problem?.errors ?? []} />
        </form>
      )}
      <div class="stack loose">
        {asking.problem && <ProblemBox problem={asking.problem} again={() => asking.ask(values, true)} />}
        {!answer && !asking.problem && <Loading what="the figures" />}
        {answer && (
          <div class={fewer(answer.figures ?? []) ? "stack loose" : "charts"} aria-busy={asking.busy}>
            {(answer.figures ?? []).map((figure, i) => (
              <div class="card" key={`${figure.title}${i}`}>
                <FigureView figure={figure} />
              </div>
            ))}
          </div>
        )}
        {answer && !answer.figures?.length && <p class="muted">This view has nothing to draw with these controls.</p>}
      </div>
    </div>
  );
}

const fewer = (figures: Figure[]): boolean => figures.length < 2 || figures.some((one) => one.kind === "images" || one.kind === "matrix" || one.kind === "plotly");
