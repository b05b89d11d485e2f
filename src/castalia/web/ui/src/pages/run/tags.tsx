import { part, send } from "../../api";
import { TagEditor } from "../../components/editing";
import type { RunDetail } from "../../types";

/** A run's own tags. */
export function Tags({ run, again }: { run: RunDetail; again: () => void }) {
  return <TagEditor tags={run.tags ?? {}} put={(changes) => send("PATCH", `runs/${part(run.run_id)}`, changes).finally(again)} />;
}
