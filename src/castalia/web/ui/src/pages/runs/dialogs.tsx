import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem, get, part, send } from "../../api";
import { Dialog, Field, FormDialog } from "../../components/dialog";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { bytes, plural } from "../../format";
import type { RunRow } from "../../types";
import { type Size, sizeOf } from "./actions";
import { runName } from "./cells";
import { ofMachine } from "./columns";
import { changesOf, linesOf } from "./tag-lines";

const NOTE = "mlflow.note.content";

/** The tags that a person gave. */
const own = (run: RunRow | undefined): Record<string, unknown> => Object.fromEntries(Object.entries(run?.tags ?? {}).filter(([key]) => !ofMachine(key)));

/** Name, note and tags of one run. Tags are lines of "name: value". */
export function EditDialog({ id, close, saved }: { id: string; close: () => void; saved: (run: RunRow, before: RunRow) => void }) {
  const [run, setRun] = useState<RunRow>();
  const [name, setName] = useState("");
  const [note, setNote] = useState("");
  const [tags, setTags] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const first = useRef<HTMLInputElement>(null);
  const before = useMemo(() => linesOf(own(run)), [run]);
  useEffect(() => {
    get<RunRow>(`runs/${part(id)}`).then((found) => {
      setRun(found);
      setName(runName(found));
      setNote(String(found.tags?.[NOTE] ?? ""));
      setTags(linesOf(own(found)).text);
    }, setProblem);
  }, [id]);
  useEffect(() => {
    first.current?.focus();
    first.current?.select();
  }, [run]);
  const keep = async (): Promise<void> => {
    if (!run) return;
    const changes = changesOf(run.tags ?? {}, before, tags);
    const body = { ...(name !== runName(run) ? { name } : {}), ...(note !== (run.tags?.[NOTE] ?? "") ? { note } : {}), ...(Object.keys(changes).length ? { tags: changes } : {}) };
    saved(await send<RunRow>("PATCH", `runs/${part(id)}`, body), run);
  };
  return (
    <FormDialog title={run ? `Edit ${runName(run)}` : "Edit a run"} act={keep} does="Save" off={!run} close={close}>
      {!run && (problem ? <ProblemBox problem={problem} /> : <Loading what="the run" />)}
      {run && (
        <>
          <Field label="Name">{(at) => <input {...at} class="input" ref={first} value={name} onInput={(event) => setName(event.currentTarget.value)} maxLength={250} autocomplete="off" />}</Field>
          <Field label="Note" help={`Markdown, at most 8,000 characters${note.length > 7000 ? `; ${note.length.toLocaleString("en")} now` : "; longer texts belong into an artifact"}.`}>
            {(at) => <textarea {...at} class="input" value={note} onInput={(event) => setNote(event.currentTarget.value)} />}
          </Field>
          <Field label="Tags" help={`One a line: name: value${before.outside.length ? `. ${before.outside.map((one) => JSON.stringify(one)).join(", ")} cannot be a line and ${before.outside.length > 1 ? "stay as they are" : "stays as it is"}` : ""}`}>
            {(at) => <textarea {...at} class="input mono" value={tags} onInput={(event) => setTags(event.currentTarget.value)} spellcheck={false} />}
          </Field>
        </>
      )}
    </FormDialog>
  );
}

const MANY = 20;

/** Before runs go for good: how many, how large, and for many of them their number in writing. */
export function RemoveDialog({ ids, close, remove }: { ids: string[]; close: () => void; remove: () => Promise<void> }) {
  const [size, setSize] = useState<Size>();
  const [problem, setProblem] = useState<Problem>();
  const [typed, setTyped] = useState("");
  useEffect(() => void sizeOf(ids).then(setSize, setProblem), []);
  const sure = ids.length < MANY || typed.replace(/[\s,.]/g, "") === String(ids.length);
  return (
    <FormDialog title={`Delete ${plural(ids.length, "run")} for good?`} act={remove} does="Delete for good" danger leaves="Keep them" off={!sure} close={close}>
      <p>
        Their numbers and {size ? (size.files ? `${plural(size.files, "file")} of ${bytes(size.bytes)}` : "no files") : "files (being counted)"} go with them. This cannot be undone. What registered models need is kept.
      </p>
      {ids.length >= MANY && (
        <Field label={`Type ${ids.length} to go on`}>{(at) => <input {...at} class="input" value={typed} inputMode="numeric" autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />}</Field>
      )}
      {problem && <ProblemBox problem={problem} />}
    </FormDialog>
  );
}

const keys: [string, string][] = [
  ["↑ ↓, j k", "Move; with Shift choose on the way"],
  ["Page Up, Page Down, Home, End", "Move far"],
  ["Space, x", "Choose the run, or leave it"],
  ["Ctrl A", "Choose all, Escape none"],
  ["Enter", "Open the run"],
  ["→ ←", "Show and hide the runs inside"],
  ["c", "Compare the chosen runs"],
  ["a", "Archive, or bring back"],
  ["Delete", "Into the trash"],
  ["r", "Restore, in the trash"],
  ["e, F2", "Name, note and tags"],
  ["m, Shift F10", "Menu of the run: filters among others"],
  ["/", "To the filter"],
  ["Ctrl Z", "Take back what was done last"],
  ["Alt and a click", "Filter by what is in a cell"],
  ["On a head: ← →", "Move along the heads"],
  ["On a head: Enter, ↓", "Sort, menu"],
  ["On a head: Alt ← →", "Move the column"],
  ["On a head: Shift Alt ← →", "Make the column narrower, wider"],
];

export function KeysDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Keys of this page" close={close}>
      <dl class="facts">
        {keys.map(([key, what]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <p>
        <button type="button" class="button" onClick={close}>
          Close
        </button>
      </p>
    </Dialog>
  );
}

/** A name for a view; another view's is refused. */
export function NameDialog({ title, help, old, taken, keep, close }: { title: string; help: string; old: string | undefined; taken: string[]; keep: (name: string) => Promise<void>; close: () => void }) {
  const [name, setName] = useState(old ?? "");
  // An address would take "." and ".." for a way up.
  const dots = /^\.{1,2}$/.test(name.trim());
  const used = name.trim() !== old && taken.includes(name.trim());
  return (
    <FormDialog title={title} act={() => keep(name.trim())} does="Save" off={!name.trim() || used || dots} close={close}>
      <Field label="Name" help={used ? "Something else is saved under that name." : help}>
        {(at) => <input {...at} class="input" value={name} maxLength={100} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />}
      </Field>
    </FormDialog>
  );
}
