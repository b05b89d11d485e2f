// The comparison to take along: its address, and one HTML file made by the server.
import { useState } from "preact/hooks";
import { url } from "../../api";
import { Copy } from "../../components/code";
import { Icon } from "../../components/icons";
import { usePlace } from "../../router";
import type { Comparison } from "./comparison";

export function Report({ all }: { all: Comparison }) {
  usePlace();
  const [title, setTitle] = useState("");
  const [note, setNote] = useState("");
  const asked = new URLSearchParams(all.shown.map((one) => ["run", one.id]));
  if (title) asked.set("title", title);
  if (note) asked.set("note", note);
  if (all.by) asked.set("by", all.by);
  return (
    <span class="row whole">
      <span class="row whole small muted">
        Address <Copy text={location.href} what="the address of this comparison" />
      </span>
      <details class="take" onKeyDown={(event) => event.key === "Escape" && event.currentTarget.open && (event.stopPropagation(), (event.currentTarget.open = false))}>
        <summary class="button little">
          <Icon name="download" size={14} /> Report
        </summary>
        <form class="take-list report-form stack tight" onSubmit={(event) => event.preventDefault()}>
          <label class="control">
            <span class="label">Title</span>
            <input class="input" maxLength={200} value={title} placeholder={`${all.shown.length} runs compared`} onInput={(event) => setTitle(event.currentTarget.value)} />
          </label>
          <label class="control">
            <span class="label">Note</span>
            <textarea class="input" rows={3} maxLength={8000} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          </label>
          {all.shown.length >= 2 ? (
            <a class="button first little" href={url(`runs/compare/report?${asked}`)} download>
              Download HTML
            </a>
          ) : (
            <p class="muted small">A report needs two runs that are shown.</p>
          )}
          <p class="faint small">One file with what differs, the curves with their numbers, and how each run was made. It contains no script and loads nothing.</p>
        </form>
      </details>
    </span>
  );
}
