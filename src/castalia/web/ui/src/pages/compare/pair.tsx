// Two of the runs: which is on the left and which on the right.
import { Icon } from "../../components/icons";
import { setQuery, usePlace } from "../../router";
import type { Shown } from "./comparison";

/** The two runs in the address where they are among these, else the first two. */
export function usePair(runs: Shown[]): [Shown, Shown] {
  const { query } = usePlace();
  const a = runs.find((one) => one.id === query.get("a")) ?? runs.find((one) => one.id !== query.get("b"))!;
  const b = runs.find((one) => one.id === query.get("b") && one !== a) ?? runs.find((one) => one !== a)!;
  return [a, b];
}

export function Pair({ runs, a, b }: { runs: Shown[]; a: Shown; b: Shown }) {
  const side = (which: "a" | "b", label: string, one: Shown, other: Shown) => (
    <div class="control picking">
      <label class="label" for={`pair-${which}`}>
        {label}
      </label>
      <select id={`pair-${which}`} class="input" value={one.id} onChange={(event) => setQuery(event.currentTarget.value === other.id ? { a: b.id, b: a.id } : { a: a.id, b: b.id, [which]: event.currentTarget.value })}>
        {runs.map((run) => (
          <option key={run.id} value={run.id}>
            {run.name}
          </option>
        ))}
      </select>
    </div>
  );
  return (
    <div class="row two-runs">
      {side("a", "Left", a, b)}
      <button type="button" class="button little" onClick={() => setQuery({ a: b.id, b: a.id })}>
        <Icon name="undo" size={14} /> Swap
      </button>
      {side("b", "Right", b, a)}
    </div>
  );
}
