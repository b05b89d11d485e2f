// A note: Markdown, written in place.
import { useState } from "preact/hooks";
import { Problem } from "../api";
import { Markdown } from "../parts";
import { ProblemBox } from "./problem";

const focused = (box: HTMLTextAreaElement | null): void => box?.focus();

interface Props {
  kept: string;
  /** What an empty note is for. */
  hint: string;
  most: number;
  keep: (note: string) => Promise<unknown>;
}

export function Note({ kept, hint, most, keep }: Props) {
  const [typed, setTyped] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const save = async () => {
    setProblem(undefined);
    try {
      await keep(typed ?? "");
      setTyped(undefined);
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
          <div class="run-note">
            <Markdown text={kept} top={3} />
          </div>
        ) : (
          <p class="faint small">{hint} Markdown.</p>
        )
      ) : (
        <form
          class="stack tight"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <textarea class="input" rows={6} aria-label="Note, Markdown" maxLength={most} value={typed} ref={focused} onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && void save()} />
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
