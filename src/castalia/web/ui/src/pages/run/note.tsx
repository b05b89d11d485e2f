import { part, send } from "../../api";
import { Note as Box } from "../../components/note";
import type { RunDetail } from "../../types";

const NOTE = "mlflow.note.content";
const MOST = 8000;

/** A run's note. */
export function Note({ run, again }: { run: RunDetail; again: () => void }) {
  return <Box kept={String(run.tags?.[NOTE] ?? "")} hint="What you want to remember of it." most={MOST} keep={(note) => send("PATCH", `runs/${part(run.run_id)}`, { note }).then(again)} />;
}
