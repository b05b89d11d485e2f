// What was done to a run at its head, said with the way back.
import { get, part, send } from "../../api";
import { type Done, tell } from "../../components/toast";
import type { RunDetail } from "../../types";

const ARCHIVED = "castalia.archived";

/** Compares a run with what it was before, and tells what was done to it. */
export async function told(before: RunDetail, again: () => void): Promise<void> {
  const path = `runs/${part(before.run_id)}`;
  const now = await get<RunDetail>(path);
  const name = now.name || now.run_id.slice(0, 8);
  const moved = (to: string) => send("POST", to, { run_ids: [now.run_id] });
  const put = (body: object) => send("PATCH", path, body);
  const was = before.tags?.[ARCHIVED] === "true";
  const done: Done | undefined =
    now.lifecycle !== before.lifecycle
      ? now.lifecycle === "deleted"
        ? { said: `${name} is in the trash`, undo: () => moved("trash/restore") }
        : { said: `${name} is restored`, undo: () => moved("trash") }
      : (now.tags?.[ARCHIVED] === "true") !== was
        ? { said: was ? `${name} is back` : `${name} is archived`, undo: () => put({ archived: was }) }
        : now.name !== before.name && before.name
          ? { said: `${before.name} is called ${name} now`, undo: () => put({ name: before.name, expected: { name: now.name } }) }
          : undefined;
  if (done) tell({ ...done, undo: () => Promise.resolve(done.undo?.()).then(again) });
}
