import { part, send } from "../../api";
import { NoteEditor } from "../../components/editing";
import type { RunDetail } from "../../types";

const NOTE = "mlflow.note.content";
const MOST = 8000;

/** A run's note. */
export function Note({ run, again }: { run: RunDetail; again: () => void }) {
  return <NoteEditor text={String(run.tags?.[NOTE] ?? "")} hint="What you want to remember of it. Markdown." most={MOST} put={(changes) => send("PATCH", `runs/${part(run.run_id)}`, changes).finally(again)} />;
}
