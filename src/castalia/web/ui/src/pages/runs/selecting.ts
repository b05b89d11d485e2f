// Which runs are chosen: those that were ticked, or all that the question finds but a few.
import { useEffect, useRef, useState } from "preact/hooks";
import type { RunRow } from "../../types";
import type { Chosen } from "./actions";
import { idsOf } from "./actions";
import type { Rows } from "./rows";

interface State {
  ticked: Map<string, RunRow>;
  all: string | undefined;
  except: Set<string>;
}

const nothing = (): State => ({ ticked: new Map(), all: undefined, except: new Set() });

export interface Selecting {
  count: number;
  has: (row: RunRow) => boolean;
  turn: (row: RunRow, on?: boolean) => void;
  /** From the one that was turned last to this one. */
  reach: (at: number) => Promise<void>;
  anchor: (at: number) => void;
  all: () => void;
  none: () => void;
  isAll: boolean;
  only: RunRow | undefined;
  chosen: Chosen;
  /** Ids of all that are chosen, asked of the server where they are not known here. */
  ids: () => Promise<string[]>;
}

export function useSelecting(rows: Rows, question: string): Selecting {
  const [state, setState] = useState(nothing);
  const from = useRef(0);
  // What was chosen among active runs is not chosen in the trash.
  const list = /(?:^|&)((?:archived|trash)=[^&]*)/.exec(question)?.[1];
  useEffect(() => setState(nothing), [list]);
  useEffect(() => setState((old) => (old.all === undefined ? old : nothing())), [question]);
  const has = (row: RunRow): boolean => (state.all === undefined ? state.ticked.has(row.run_id) : !state.except.has(row.run_id));
  const turn = (row: RunRow, on = !has(row)): void =>
    setState((old) => {
      const next = { ...old, ticked: new Map(old.ticked), except: new Set(old.except) };
      if (old.all !== undefined) {
        if (on) next.except.delete(row.run_id);
        else next.except.add(row.run_id);
      } else if (on) next.ticked.set(row.run_id, row);
      else next.ticked.delete(row.run_id);
      return next;
    });
  const count = state.all === undefined ? state.ticked.size : Math.max(0, (rows.held?.total ?? 0) - state.except.size);
  const ids = [...state.ticked.keys()];
  const chosen = { ids, all: state.all, count };
  return {
    count,
    has,
    turn,
    anchor: (at) => (from.current = at),
    reach: async (at) => {
      const found = await rows.between(Math.min(from.current, at), Math.max(from.current, at));
      for (const row of found) turn(row, true);
    },
    all: () => setState({ ticked: new Map(), all: question, except: new Set() }),
    none: () => setState(nothing),
    isAll: state.all !== undefined && !state.except.size,
    only: state.all === undefined && state.ticked.size === 1 ? [...state.ticked.values()][0] : undefined,
    chosen,
    ids: async () => (await idsOf(chosen)).filter((id) => !state.except.has(id)),
  };
}
