// Tags, with a box to add one. What programs say of themselves is folded below.
import { useState } from "preact/hooks";
import { Problem } from "../api";
import { Icon } from "./icons";
import { ProblemBox } from "./problem";

const theirs = /^(mlflow\.|castalia\.)/;

export function Tags({ kept, keep }: { kept: Record<string, unknown>; keep: (tags: Record<string, string | null>) => Promise<unknown> }) {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const all = Object.entries(kept).sort((a, b) => a[0].localeCompare(b[0]));
  const own = all.filter(([name]) => !theirs.test(name));
  const others = all.filter(([name]) => theirs.test(name) && name !== "mlflow.note.content");
  const put = async (tags: Record<string, string | null>) => {
    setProblem(undefined);
    try {
      await keep(tags);
      setTyped("");
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <section class="stack tight" aria-label="Tags">
      <h2>Tags</h2>
      {own.length > 0 && (
        <ul class="tag-list">
          {own.map(([name, value]) => (
            <li key={name} class="chip">
              <span>
                {name}
                {value !== "" && <>: {String(value)}</>}
              </span>
              <button type="button" aria-label={`Take the tag ${name} away`} onClick={() => void put({ [name]: null })}>
                <Icon name="cross" size={12} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        class="row whole"
        onSubmit={(event) => {
          event.preventDefault();
          const at = typed.search(/[:=]/);
          const name = (at < 0 ? typed : typed.slice(0, at)).trim();
          if (name) void put({ [name]: at < 0 ? "" : typed.slice(at + 1).trim() });
        }}
      >
        <input class="input little" aria-label="New tag" placeholder="name: value" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        <button class="button little" disabled={!typed.trim()}>
          Add
        </button>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {others.length > 0 && (
        <details>
          <summary>
            What the programs noted <span class="num faint">{others.length}</span>
          </summary>
          <dl class="facts long">
            {others.map(([name, value]) => (
              <>
                <dt>{name}</dt>
                <dd>{String(value)}</dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}
