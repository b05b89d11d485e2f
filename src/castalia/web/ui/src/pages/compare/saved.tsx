// Comparisons that were given a name.
import { get } from "../../api";
import { Icon } from "../../components/icons";
import { When } from "../../components/state";
import { tell } from "../../components/toast";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { type View, dropView, putView, viewAddress, viewsKey } from "../runs/view";

/** Which runs an address chooses, in words. */
function told(query: string): string {
  const asked = new URLSearchParams(query);
  const ids = asked.getAll("run").length;
  if (ids) return plural(ids, "run");
  return `The newest runs${asked.get("experiment") ? ` of ${asked.get("experiment")}` : ""}${asked.get("filter") ? ` with ${asked.get("filter")}` : ""}`;
}

export function SavedComparisons() {
  const { value, again } = useResource<View[]>(viewsKey, (signal) => get("views", signal));
  const saved = (value ?? []).filter((one) => one.page === "compare");
  if (!saved.length) return null;
  const drop = (one: View): void =>
    void dropView(one.name).then(
      () => {
        again();
        tell({ said: `${one.name} is deleted`, undo: () => putView(one.name, one).finally(again) });
      },
      (error: Error) => tell({ said: error.message, wrong: true }),
    );
  return (
    <section class="stack tight saved" aria-labelledby="saved-head">
      <h2 id="saved-head">Saved comparisons</h2>
      <ul>
        {saved.map((one) => (
          <li key={one.name}>
            <a href={viewAddress(one)}>
              <bdi>{one.name}</bdi>
            </a>
            <span class="muted small">
              <bdi>{told(one.query)}</bdi>
            </span>
            <span class="faint small">
              <When value={one.updated} />
            </span>
            <button type="button" class="icon-button small" aria-label={`Delete ${one.name}`} title="Delete" onClick={() => drop(one)}>
              <Icon name="trash" size={14} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
