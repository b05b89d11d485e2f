import { useMemo, useState } from "preact/hooks";
import { get } from "../../api";
import { Dialog } from "../../components/dialog";
import { Loading } from "../../components/page";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { type Names, column, full, ofMachine, ownColumns } from "./columns";

interface Entry {
  id: string;
  label: string;
  group: string;
  runs: number | undefined;
}

const MOST = 300;

/** Which columns are shown: found by name, in groups, with how many runs have each. */
export function Chooser({ chosen, choose, reset, close }: { chosen: string[]; choose: (ids: string[]) => void; reset: () => void; close: () => void }) {
  const { value: names } = useResource<Names>("runs/columns", (signal) => get("runs/columns", signal));
  const [text, setText] = useState("");
  const entries = useMemo(() => {
    const all: Entry[] = ownColumns.map((id) => ({ id, label: column(id, false)!.label, group: "Run", runs: undefined }));
    const add = (kind: string, list: { name: string; runs: number }[]): void => {
      for (const one of list) {
        const made = column(`${kind}.${one.name}`, false);
        if (made) all.push({ id: made.id, label: one.name, group: made.group, runs: one.runs });
      }
    };
    if (names) {
      add("metrics", names.metrics);
      add("params", names.params);
      add("tags", [...names.tags].sort((a, b) => Number(ofMachine(a.name)) - Number(ofMachine(b.name))));
    }
    return all;
  }, [names]);
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((one) => wanted.every((word) => `${one.group} ${one.label}`.toLowerCase().includes(word)));
  const groups = new Map<string, Entry[]>();
  for (const one of found.slice(0, MOST)) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const turn = (ids: string[], on: boolean): void => choose(on ? [...chosen, ...ids.filter((id) => !chosen.includes(id))] : chosen.filter((id) => !ids.includes(id)));
  return (
    <Dialog title="Columns" close={close}>
      <div class="row whole">
        <input type="search" class="input" aria-label="Find a column" placeholder="Find a column" value={text} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off" spellcheck={false} />
        <button type="button" class="button" onClick={reset}>
          Defaults
        </button>
      </div>
      <p class="muted small" role="status">
        {chosen.length} shown, {plural(found.length, "column")} {text ? "found" : "in all"}
        {found.length > MOST ? `; the first ${MOST} are listed` : ""}
      </p>
      {!names && <Loading what="the columns" />}
      <div class="chooser">
        {[...groups].map(([group, list]) => (
          <fieldset key={group}>
            <legend>
              {group} <span class="faint num">{list.length}</span>
              <button type="button" class="button quiet little" onClick={() => turn(list.map((one) => one.id), !list.every((one) => chosen.includes(one.id)))}>
                {list.every((one) => chosen.includes(one.id)) ? "None" : "All"}
                <span class="hidden"> of {group}</span>
              </button>
            </legend>
            {list.map((one) => (
              <div key={one.id} class="chooser-line">
                <label>
                  <input type="checkbox" checked={chosen.includes(one.id)} disabled={one.id === "name"} onChange={(event) => turn([one.id], event.currentTarget.checked)} />
                  <bdi>{one.label}</bdi>
                  {one.runs !== undefined && (
                    <span class="faint num">
                      {one.runs.toLocaleString("en")}
                      <span class="hidden"> runs</span>
                    </span>
                  )}
                </label>
                {one.id.startsWith("metrics.") && (
                  <label class="curve">
                    <input type="checkbox" checked={chosen.includes(`spark.${one.label}`)} onChange={(event) => turn([`spark.${one.label}`], event.currentTarget.checked)} />
                    curve<span class="hidden"> of {full(column(one.id, false)!)}</span>
                  </label>
                )}
              </div>
            ))}
          </fieldset>
        ))}
        {names && !found.length && <p class="muted">No column is called that.</p>}
      </div>
      <p>
        <button type="button" class="button first" onClick={close}>
          Done
        </button>
      </p>
    </Dialog>
  );
}
