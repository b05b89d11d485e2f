import { part, send } from "../../api";
import { Tags as Box } from "../../components/tags";
import type { RunDetail } from "../../types";

/** A run's own tags. */
export function Tags({ run, again }: { run: RunDetail; again: () => void }) {
  return <Box kept={run.tags ?? {}} keep={(tags) => send("PATCH", `runs/${part(run.run_id)}`, { tags }).then(again)} />;
}
