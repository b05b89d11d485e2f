// "Compare with…": other runs of the same experiment, found by name.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../../api";
import { ago, moment } from "../../format";
import { useResource } from "../../resource";
import { go, href } from "../../router";
import type { RunDetail, RunRow } from "../../types";

export const comparing = (ids: string[]): string => `${href("compare")}?${ids.map((id) => `run=${encodeURIComponent(id)}`).join("&")}`;

export function CompareWith({ run }: { run: RunDetail }) {
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  return (
    <>
      <button type="button" class="button little" onClick={() => setOpen(true)}>
        Compare with…
      </button>
      {open && (
        <dialog ref={dialog} class="veil" aria-label="Compare with" onClose={() => setOpen(false)} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
          <Choose run={run} close={() => dialog.current?.close()} />
        </dialog>
      )}
    </>
  );
}

function Choose({ run, close }: { run: RunDetail; close: () => void }) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const asked = new URLSearchParams({ limit: "50", order: "-started", columns: "metrics.none" });
  if (run.experiment) asked.set("experiment", run.experiment);
  if (text) asked.set("q", text);
  const found = useResource<{ items: RunRow[] }>(`runs?${asked}`, (signal) => get(`runs?${asked}`, signal)).value?.items.filter((one) => one.run_id !== run.run_id);
  return (
    <form
      class="choose stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (!chosen.length) return;
        close();
        go(comparing([run.run_id, ...chosen]));
      }}
    >
      <label class="stack tight">
        <span class="label">Runs of {run.experiment || "all experiments"}</span>
        <input class="input" type="search" value={text} placeholder="Name or id" onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <ul class="choices">
        {found?.map((one) => (
          <li key={one.run_id}>
            <label class="check">
              <input type="checkbox" checked={chosen.includes(one.run_id)} onChange={(event) => setChosen(event.currentTarget.checked ? [...chosen, one.run_id] : chosen.filter((id) => id !== one.run_id))} />
              <span class="grow">{one.name || one.run_id.slice(0, 8)}</span>
              <span class="faint small">
                {one.status}, {moment(one.started) ? ago(moment(one.started)!) : ""}
              </span>
            </label>
          </li>
        ))}
        {found && !found.length && <li class="muted small">No other run {text ? "fits" : "is there"}.</li>}
      </ul>
      <div class="row">
        <button class="button first little" disabled={!chosen.length}>
          Compare {chosen.length ? chosen.length + 1 : ""} runs
        </button>
        <button type="button" class="button quiet little" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}
