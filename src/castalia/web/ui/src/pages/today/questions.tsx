// At most fifteen questions, one at a time; right or wrong is said with the reason. All of them can be left.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, send } from "../../api";
import { Icon } from "../../components/icons";
import { ProblemBox } from "../../components/problem";
import { Code } from "../../components/code";
import type { Draft } from "./draft";
import type { Reply } from "./types";

interface Question {
  id: string;
  seed: number;
  topic: string;
  form: "number" | "choice";
  text: string;
  code: string;
  options: string[];
}

interface Told {
  marked: { right: boolean; says: string } | null;
  question: Question | null;
  number: number;
  most: number;
  found: string[];
}

const letters = "abcdefgh";

/** `done`: whether there is nothing more to ask, so that the step can say so. */
export function Questions({ draft, change, leave }: { draft: Draft; change: (changes: Partial<Draft>) => void; leave: () => void }) {
  const [told, setTold] = useState<Told>();
  const [said, setSaid] = useState<Told["marked"]>(null);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const question = told?.question;
  const reading = told !== undefined && !said && question != null;

  // The control of a new question, or the button after an answer: the keyboard never has to look for its place.
  useEffect(() => {
    if (told) box.current?.querySelector<HTMLElement>("input, button.first")?.focus();
  }, [told, said]);

  const ask = async (answers: Reply[]): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const next = await send<Told>("POST", "plan/question", { goal: draft.goal, known: draft.known, answers, seed: draft.seed });
      change({ answers });
      setSaid(next.marked && answers.length > draft.answers.length && !answers[answers.length - 1]!.skipped ? next.marked : null);
      setTold(next);
      setText("");
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
    setBusy(false);
  };
  const reply = (answer: string, skipped = false): void => {
    if (question) void ask([...draft.answers, { question: question.id, seed: question.seed, text: answer, skipped }]);
  };
  if (!told)
    return (
      <div class="stack" ref={box}>
        <p>At most fifteen questions, each on the topic whose answer settles most. They find out what you can leave out. You can stop after any of them.</p>
        {problem && <ProblemBox problem={problem} />}
        <p class="row">
          <button type="button" class="button first" aria-disabled={busy} onClick={() => void ask(draft.answers)}>
            {draft.answers.length ? "Go on with the questions" : "Ask me"}
          </button>
          <button type="button" class="button" onClick={leave}>
            Skip the questions
          </button>
        </p>
      </div>
    );
  return (
    <div class="stack" ref={box}>
      <div role="status" class={said ? "" : "hidden"}>
        {said && (
          <div class={`said ${said.right ? "good" : "bad"}`}>
            <p class={`state ${said.right ? "good" : "bad"}`}>
              <Icon name={said.right ? "check" : "cross"} /> {said.right ? "Right" : "Not this time"}
            </p>
            <p>{said.says}</p>
          </div>
        )}
      </div>
      {said ? (
        <p class="row">
          <button type="button" class="button first" onClick={() => (question ? setSaid(null) : leave())}>
            {question ? "Next question" : "On to the plan"}
          </button>
          {question && (
            <button type="button" class="button quiet" onClick={leave}>
              Stop here
            </button>
          )}
        </p>
      ) : question ? (
        <form
          class="stack"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim()) reply(text.trim());
          }}
        >
          <p class="eyebrow">
            Question {told.number} of at most {told.most}: {question.topic}
          </p>
          {question.form === "choice" ? (
            <fieldset class="options">
              <legend>
                {question.text}
                {question.code && <Code text={question.code} what="what the question is about" />}
              </legend>
              {question.options.map((one, i) => (
                <label key={i}>
                  <input type="radio" name="option" value={letters[i]} checked={text === letters[i]} onChange={() => setText(letters[i]!)} />
                  <span>{one}</span>
                </label>
              ))}
            </fieldset>
          ) : (
            <div class="stack tight">
              <label for="answer" class="ask">
                {question.text}
              </label>
              {question.code && <Code text={question.code} what="what the question is about" />}
              <input id="answer" class="input figure" type="text" inputMode="text" autocomplete="off" spellcheck={false} placeholder="A number, such as 0.25, 1/4 or 25 %" maxLength={80} value={text} onInput={(event) => setText(event.currentTarget.value)} />
            </div>
          )}
          {problem && <ProblemBox problem={problem} />}
          <p class="row">
            <button type="submit" class="button first" aria-disabled={busy || !text.trim()}>
              Answer
            </button>
            <button type="button" class="button" aria-disabled={busy} onClick={() => reply("")}>
              I do not know
            </button>
            <button type="button" class="button quiet" aria-disabled={busy} onClick={() => reply("", true)}>
              Skip this one
            </button>
            <button type="button" class="button quiet" onClick={leave}>
              Stop here
            </button>
          </p>
        </form>
      ) : (
        <div class="stack">
          <p>{draft.answers.some((one) => !one.skipped) ? "That was enough: no further question would settle much." : "There is no question that would settle much for this goal."}</p>
          <p>
            <button type="button" class="button first" onClick={leave}>
              On to the plan
            </button>
          </p>
        </div>
      )}
      {told.found.length > 0 && !reading && <p class="muted small">What your answers show so far: {told.found.join(", ")}.</p>}
    </div>
  );
}
