// What can be done to the chosen runs, or to the one that is pointed at: each says what it did and can be taken back.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { Problem, part, send } from "../../api";
import { type Done, tell } from "../../components/toast";
import { plural } from "../../format";
import { go, href } from "../../router";
import type { RunRow } from "../../types";
import { type Chosen, archive, exported, remove, restore, trash } from "./actions";
import { runName } from "./cells";
import type { Column } from "./columns";
import { EditDialog, RemoveDialog } from "./lazily";
import type { Rows } from "./rows";
import type { Selecting } from "./selecting";

const MOST_COMPARED = 200;

export interface Doing {
  compare: (row?: RunRow) => void;
  archive: (row?: RunRow) => void;
  trash: (row?: RunRow) => void;
  restore: (row?: RunRow) => void;
  remove: (row?: RunRow) => void;
  edit: (row?: RunRow) => void;
  save: (kind: "csv" | "json", chosen?: Chosen) => void;
  dialog: ComponentChildren;
}

export function useDoing(rows: Rows, selecting: Selecting, columns: Column[], kept: string): Doing {
  const [editing, setEditing] = useState<string>();
  const [removing, setRemoving] = useState<string[]>();
  const busy = useRef(false);

  /** One thing at a time; a failure is told where success would be. */
  const run = (work: () => Promise<Done | undefined>): void => {
    if (busy.current) return;
    busy.current = true;
    work()
      .then(
        (done) => done && tell(done),
        (error: unknown) => tell({ said: error instanceof Problem ? [error.subject, error.cure].filter(Boolean).join(". ") : String(error), wrong: true }),
      )
      .finally(() => (busy.current = false));
  };
  const ids = async (row?: RunRow): Promise<string[]> => (selecting.count ? selecting.ids() : row ? [row.run_id] : []);
  const changed = (): void => {
    selecting.none();
    rows.again();
  };
  const words = (count: number, row?: RunRow): string => (count === 1 && row && !selecting.count ? runName(row) : plural(count, "run"));
  const step = (to: (ids: string[]) => Promise<string[]>, back: (ids: string[]) => Promise<string[]>, said: (words: string, many: boolean) => string) => (row?: RunRow) =>
    run(async () => {
      const some = await ids(row);
      if (!some.length) return undefined;
      const moved = await to(some);
      changed();
      return {
        said: said(words(moved.length, row), moved.length !== 1),
        undo: () => back(moved),
      };
    });
  const away = step((some) => archive(some, true), (some) => archive(some, false), (what, many) => `${what} ${many ? "are" : "is"} archived`);
  const nearer = step((some) => archive(some, false), (some) => archive(some, true), (what, many) => `${what} ${many ? "are" : "is"} back`);
  return {
    compare: (row) =>
      run(async () => {
        if (selecting.count > MOST_COMPARED) return { said: `Choose at most ${MOST_COMPARED} runs to compare`, wrong: true };
        const some = await ids(row);
        if (some.length < 2) return { said: "Choose two runs or more to compare: with the key x, or a tick" };
        go(`${href("compare")}?${some.map((id) => `run=${part(id)}`).join("&")}`);
        return undefined;
      }),
    archive: (row) => ((selecting.only ?? (selecting.count ? undefined : row))?.tags?.["castalia.archived"] === "true" || kept === "archived" ? nearer(row) : away(row)),
    trash: step(trash, restore, (what, many) => `${what} ${many ? "are" : "is"} in the trash`),
    restore: step(restore, trash, (what, many) => `${what} ${many ? "are" : "is"} restored`),
    remove: (row) =>
      run(async () => {
        const some = await ids(row);
        if (some.length) setRemoving(some);
        return undefined;
      }),
    edit: (row) => setEditing((selecting.only ?? row)?.run_id),
    save: (kind, chosen) =>
      run(async () => {
        const wanted = chosen ?? (selecting.chosen.all !== undefined ? { ids: await selecting.ids(), all: undefined, count: selecting.count } : selecting.chosen);
        const count = await exported(kind, wanted, columns, kept);
        return { said: `${plural(count, "run")} saved as runs.${kind}` };
      }),
    dialog: (
      <>
        {editing && (
          <EditDialog
            id={editing}
            close={() => setEditing(undefined)}
            saved={(run, before) => {
              rows.put(run);
              tell({ said: `${runName(run)} is saved`, undo: () => undone(before, run) });
            }}
          />
        )}
        {removing && (
          <RemoveDialog
            ids={removing}
            close={() => setRemoving(undefined)}
            remove={async () => {
              const gone = await remove(removing);
              changed();
              tell({ said: `${plural(gone.length, "run")} deleted for good` });
            }}
          />
        )}
      </>
    ),
  };
}

/** A run as it was before it was edited. */
function undone(before: RunRow, now: RunRow): Promise<RunRow> {
  const [was, is] = [before.tags ?? {}, now.tags ?? {}];
  const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => was[key] !== is[key] && key !== "mlflow.runName");
  const some = (tags: Record<string, unknown>) => Object.fromEntries(changed.map((key) => [key, key in tags ? String(tags[key]) : null]));
  const named = before.name && before.name !== now.name;
  return send<RunRow>("PATCH", `runs/${part(now.run_id)}`, { tags: some(was), ...(named ? { name: before.name } : {}), expected: { tags: some(is), ...(named ? { name: now.name } : {}) } });
}
