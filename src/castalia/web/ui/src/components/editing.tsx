// What a person says of something afterwards, written in place: a name, a note in Markdown, tags. A note and every Undo say
// what they take the place of, so that nothing that somebody else wrote meanwhile is lost.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Markdown } from "../parts";
import { Icon } from "./icons";
import { ProblemBox } from "./problem";
import { toast } from "./toast";
import { useTrying } from "./trying";

const theirs = /^(mlflow\.|castalia\.)/;
/** The tag that is a run's note. */
const NOTE = "mlflow.note.content";
export interface Written {
  note?: string;
  tags?: Record<string, string | null>;
}
/** Changes what is written; refused where it is not as `expected` any more. */
type Put = (changes: Written & { expected?: Written }) => Promise<unknown>;

const focused = (box: HTMLTextAreaElement | null): void => box?.focus();

/** A new name, in a line; `done` is called without one where nothing is to change. */
export function RenameForm({ name, most, done }: { name: string; most: number; done: (to?: string) => void }) {
  const [typed, setTyped] = useState(name);
  const box = useRef<HTMLInputElement>(null);
  // Before the next key arrives: what is typed right after the button belongs to the box.
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.select();
  }, []);
  return (
    <form
      class="row"
      aria-label="Rename"
      onSubmit={(event) => {
        event.preventDefault();
        const to = typed.trim();
        done(to && to !== name ? to : undefined);
      }}
    >
      <input ref={box} class="input rename" aria-label="Name" value={typed} maxLength={most} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && done()} />
      <button class="button first little">Save</button>
      <button type="button" class="button quiet little" onClick={() => done()}>
        Cancel
      </button>
    </form>
  );
}

/** A note in Markdown; `put` throws a Problem where it cannot be kept. */
export function NoteEditor({ text, hint, most, fixed = false, put }: { text: string; hint: string; most: number; fixed?: boolean; put: Put }) {
  const [typed, setTyped] = useState<string>();
  const before = useRef("");
  const { problem, busy, attempt, forget } = useTrying();
  const over = problem?.status === 409;
  const begin = (): void => {
    before.current = text;
    forget();
    setTyped(text);
  };
  const keep = async (): Promise<void> => {
    if (typed === undefined) return;
    // Who was told that it was changed, and saves again, means it.
    const was = over ? text : before.current;
    if (typed !== was) {
      if (!(await attempt(() => put({ note: typed, ...(over ? {} : { expected: { note: was } }) })))) return;
      toast(typed ? "The note is saved" : "The note is gone", () => put({ note: was, expected: { note: typed } }));
    }
    setTyped(undefined);
  };
  return (
    <section class="stack tight" aria-label="Note">
      <div class="row apart">
        <h2>Note</h2>
        {typed === undefined && !fixed && (
          <button type="button" class="button quiet little" onClick={begin}>
            {text ? "Edit" : "Write one"}
          </button>
        )}
      </div>
      {typed === undefined ? (
        text ? (
          <div class="run-note">
            <Markdown text={text} top={3} />
          </div>
        ) : (
          <p class="faint small">{hint}</p>
        )
      ) : (
        <form
          class="stack tight"
          onSubmit={(event) => {
            event.preventDefault();
            void keep();
          }}
        >
          <textarea class="input" rows={6} aria-label="Note, Markdown" maxLength={most} value={typed} ref={focused} onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && void keep()} />
          {problem && <ProblemBox problem={problem} />}
          <div class="row">
            <button class="button first little" disabled={busy}>
              {over ? "Save over it" : "Save"}
            </button>
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

/** Tags with a box to add one; null takes one away. What programs say of themselves is folded below. */
export function TagEditor({ tags, fixed = false, put }: { tags: Record<string, unknown>; fixed?: boolean; put: Put }) {
  const [typed, setTyped] = useState("");
  const { problem, attempt } = useTrying();
  const all = Object.entries(tags).sort((a, b) => a[0].localeCompare(b[0]));
  const own = all.filter(([name]) => !theirs.test(name));
  const others = all.filter(([name]) => theirs.test(name) && name !== NOTE);
  const change = async (name: string, value: string | null): Promise<boolean> => {
    const before = name in tags ? String(tags[name]) : null;
    if (before === value) return true;
    const done = await attempt(() => put({ tags: { [name]: value } }));
    if (done) toast(value === null ? `The tag ${name} is gone` : `The tag ${name} is set`, () => put({ tags: { [name]: before }, expected: { tags: { [name]: value } } }));
    return done;
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
              {!fixed && (
                <button type="button" aria-label={`Take the tag ${name} away`} onClick={() => void change(name, null)}>
                  <Icon name="cross" size={12} />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {!fixed && (
        <form
          class="row whole"
          onSubmit={(event) => {
            event.preventDefault();
            const at = typed.search(/[:=]/);
            const name = (at < 0 ? typed : typed.slice(0, at)).trim();
            if (name) void change(name, at < 0 ? "" : typed.slice(at + 1).trim()).then((kept) => kept && setTyped(""));
          }}
        >
          <input class="input little" aria-label="New tag" placeholder="name: value" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
          <button class="button little" disabled={!typed.trim()}>
            Add
          </button>
        </form>
      )}
      {fixed && !own.length && <p class="faint small">None.</p>}
      {problem && <ProblemBox problem={problem} />}
      {others.length > 0 && (
        <details>
          <summary>
            What programs noted <span class="num faint">{others.length}</span>
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
