// A run's note: Markdown, written in place.
import { useState } from "preact/hooks";
import { Problem, part, send } from "../../api";
import { ProblemBox } from "../../components/problem";
import { Markdown } from "../../parts";
import type { RunDetail } from "../../types";

const NOTE = "mlflow.note.content";
const MOST = 8000;

const focused = (box: HTMLTextAreaElement | null): void => box?.focus();

export function Note({ run, again }: { run: RunDetail; again: () => void }) {
  const kept = String(run.tags?.[NOTE] ?? "");
  const [typed, setTyped] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const save = async () => {
    setProblem(undefined);
    try {
      await send("PATCH", `runs/${part(run.run_id)}`, { note: typed });
      setTyped(undefined);
      again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <section class="stack tight" aria-label="Note">
      <div class="row apart">
        <h2>Note</h2>
        {typed === undefined && (
          <button type="button" class="button quiet little" onClick={() => setTyped(kept)}>
            {kept ? "Edit" : "Write one"}
          </button>
        )}
      </div>
      {typed === undefined ? (
        kept ? (
          <div class="note">
            <Markdown text={kept} top={3} />
          </div>
        ) : (
          <p class="faint small">What you want to remember of it. Markdown.</p>
        )
      ) : (
        <form
          class="stack tight"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <textarea class="input" rows={6} aria-label="Note, Markdown" maxLength={MOST} value={typed} ref={focused} onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && void save()} />
          {problem && <ProblemBox problem={problem} />}
          <div class="row">
            <button class="button first little">Save</button>
            <button type="button" class="button quiet little" onClick={() => setTyped(undefined)}>
              Cancel
            </button>
            <span class="faint small">Ctrl Enter saves</span>
          </div>
        </form>
      )}
    </section>
  );
}
