// A further run for the comparison, found by its name.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import { Icon } from "../../components/icons";
import { useResource } from "../../resource";
import type { RunRow } from "../../types";
import { type Comparison, setRuns } from "./comparison";

const MOST = 200;

export function Adding({ all }: { all: Comparison }) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const box = useRef<HTMLInputElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const was = useRef(false);
  useEffect(() => {
    if (open) box.current?.focus();
    else if (was.current) opener.current?.focus();
    was.current = open;
  }, [open]);
  const asked = new URLSearchParams({ limit: "30", columns: "metrics.none", ...(text ? { q: text } : {}) });
  const path = open ? `runs?${asked}` : "";
  const found = useResource<{ items: RunRow[] }>(path, (signal) => get(path, signal)).value?.items.filter((one) => !all.all.some((known) => known.id === one.run_id)).slice(0, 8);
  if (all.all.length >= MOST) return <p class="faint small">{MOST} runs are the most that fit.</p>;
  if (!open)
    return (
      <button type="button" class="button quiet little start" ref={opener} onClick={() => setOpen(true)}>
        <Icon name="plus" size={14} /> Add a run
      </button>
    );
  return (
    <div class="stack tight" role="group" aria-label="Add a run">
      <input type="search" class="input little wide" placeholder="Name or id" aria-label="Name or id of a run to add" value={text} onInput={(event) => setText(event.currentTarget.value)} ref={box} onKeyDown={(event) => event.key === "Escape" && setOpen(false)} />
      <ul class="adding">
        {found?.map((one) => (
          <li key={one.run_id}>
            <button type="button" class="button quiet little" onClick={() => (setRuns([...all.all.map((known) => known.id), one.run_id]), box.current?.focus())}>
              <Icon name="plus" size={12} /> <bdi>{one.name || one.run_id.slice(0, 8)}</bdi>
            </button>
          </li>
        ))}
        {found && !found.length && <li class="muted small">No other run fits.</li>}
      </ul>
    </div>
  );
}
