import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Anchor, Menu, below } from "../../components/menu";
import { plural } from "../../format";
import type { Doing } from "./doing";
import type { Selecting } from "./selecting";

/** How many runs are chosen and what can be done to them. */
export function Bar({ selecting, doing, kept }: { selecting: Selecting; doing: Doing; kept: string }) {
  const [menu, setMenu] = useState<Anchor>();
  const box = useRef<HTMLElement>(null);
  // Who was on it when it went away is on the list again.
  useLayoutEffect(
    () => () => {
      if (box.current?.contains(document.activeElement)) document.querySelector<HTMLElement>(".grid, #runs-filter")?.focus({ preventScroll: true });
    },
    [],
  );
  return (
    <section class="chosen" aria-label="Chosen runs" ref={box}>
      <b role="status" class="num">
        {selecting.isAll ? "All " : ""}
        {plural(selecting.count, "run")} chosen
      </b>
      {kept === "trash" ? (
        <>
          <button type="button" class="button little" onClick={() => doing.restore()}>
            Restore
          </button>
          <button type="button" class="button little danger" onClick={() => doing.remove()}>
            Delete for good…
          </button>
        </>
      ) : (
        <>
          <button type="button" class="button little first" onClick={() => doing.compare()} disabled={selecting.count < 2}>
            Compare
          </button>
          <button type="button" class="button little" onClick={() => doing.archive(selecting.only)}>
            {kept === "archived" || selecting.only?.tags?.["castalia.archived"] === "true" ? "Bring back" : "Archive"}
          </button>
          {selecting.only && (
            <button type="button" class="button little" onClick={() => doing.edit()}>
              Edit
            </button>
          )}
          <button type="button" class="button little" onClick={() => doing.trash()}>
            Trash
          </button>
        </>
      )}
      <button type="button" class="button little" aria-haspopup="menu" aria-expanded={menu !== undefined} onClick={(event) => setMenu(below(event.currentTarget))}>
        Save as
      </button>
      {menu && (
        <Menu
          label="Save as"
          at={menu}
          close={() => setMenu(undefined)}
          items={[
            { label: "CSV of the columns shown", act: () => doing.save("csv") },
            { label: "JSON of everything", act: () => doing.save("json") },
          ]}
        />
      )}
      <button type="button" class="button little quiet" onClick={selecting.none}>
        None <kbd aria-hidden="true">Esc</kbd>
      </button>
    </section>
  );
}
