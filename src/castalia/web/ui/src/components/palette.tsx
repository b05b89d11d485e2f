import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, part } from "../api";
import { useChecks } from "../checks";
import { useResource } from "../resource";
import { keep, kept } from "../kept";
import { go, href } from "../router";
import { turnTheme } from "../theme";
import { toClipboard } from "./code";
import { toast } from "./toast";
import type { ModelLine, ProjectCard, RunRow, SystemCard } from "../types";

interface Entry {
  label: string;
  kind: string;
  open: () => void;
  words: string;
}

const pages: [string, string[]][] = [
  ["Home", []],
  ["Learn", ["learn"]],
  ["Systems", ["systems"]],
  ["Runs", ["runs"]],
  ["Models", ["models"]],
  ["Notices", ["notices"]],
];

/** Lines for the shell, which choosing copies. */
const commands: [string, string][] = [
  ["castalia runs list", "list runs"],
  ["castalia fit neural_net --quick", "train fit a system"],
  ["castalia runs show ID", "one run details"],
  ["castalia runs compare ID ID", "compare runs differ"],
  ["castalia models list", "list models versions"],
  ["castalia tokens add NAME", "token access share login"],
  ["castalia runs import FILE", "import mlflow tensorboard wandb archive"],
  ["castalia runs export ID", "export archive backup"],
  ["castalia doctor", "check mend repair problems"],
];

const RECENT = 6;

/** What was opened last, by kind and label, the newest first. */
function recent(): string[] {
  try {
    const found: unknown = JSON.parse(kept("recent") || "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

const copies = (line: string) => () =>
  void toClipboard(line).then(
    () => toast(`Copied: ${line}`),
    () => toast("Not copied: this browser does not allow it"),
  );

/** Search over systems, runs, models and pages: a combobox with its list, in the browser's own modal dialog. */
export function Palette({ typed, close }: { typed: () => string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState(typed);
  const [at, setAt] = useState(0);
  const systems = useResource<SystemCard[]>("systems", (signal) => get("systems", signal)).value;
  const projects = useResource<ProjectCard[]>("projects", (signal) => get("projects", signal)).value;
  const experiments = useResource<{ name: string }[]>("experiments", (signal) => get("experiments", signal)).value;
  const checks = useChecks().value;
  const models = useResource<ModelLine[]>("models", (signal) => get("models", signal)).value;
  const runs = useResource<{ items: RunRow[] }>(`runs?q=${part(text)}&limit=8`, (signal) => get(`runs?q=${part(text)}&limit=8`, signal)).value;

  // Before the next key arrives: what is typed right after the shortcut belongs to the box.
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const found = useMemo(() => {
    const to = (...names: string[]) => () => go(href(...names));
    const all: Entry[] = [
      ...pages.map(([label, names]) => ({ label, kind: "Page", open: to(...names), words: label })),
      ...(systems ?? []).map((one) => ({ label: one.title || one.name, kind: `System ${one.project}`, open: to("systems", one.address || one.name), words: `${one.name} ${one.title} ${one.skill} ${one.project} ${one.summary}` })),
      ...(projects ?? []).filter((one) => one.kind !== "system").map((one) => ({ label: one.title, kind: `${one.kind === "library" ? "Library" : "Project"} ${one.project}`, open: to("projects", one.address), words: `${one.name} ${one.title} ${one.skill} ${one.project} ${one.summary} ${one.subject} ${one.kind}` })),
      ...(checks ?? []).filter((one) => one.kind === "exercise").map((one) => ({ label: one.title, kind: "Exercise", open: to("learn", one.address), words: `${one.name} ${one.title} ${one.summary} learn build exercise` })),
      ...(Array.isArray(models) ? models : []).map((one) => ({ label: one.name, kind: "Model", open: to("models", one.name), words: one.name })),
      ...(experiments ?? []).map((one) => ({ label: one.name, kind: "Experiment", open: () => go(`${href("runs")}?${new URLSearchParams({ filter: `experiment = '${one.name.replace(/'/g, "''")}'` })}`), words: `${one.name} experiment` })),
      ...commands.map(([line, words]) => ({ label: line, kind: "Copy the command", open: copies(line), words: `${line} ${words} command shell` })),
      { label: "Only the runs that run now", kind: "Action", open: () => go(`${href("runs")}?status=running`), words: "new filter runs running now" },
      { label: "Only the runs that failed", kind: "Action", open: () => go(`${href("runs")}?status=failed`), words: "new filter runs failed" },
      { label: "Turn the theme", kind: "Action", open: turnTheme, words: "theme dark light" },
    ];
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = all.filter((one) => wanted.every((word) => one.words.toLowerCase().includes(word)));
    const ofRuns = (runs?.items ?? []).map((one) => ({ label: one.name || one.run_id.slice(0, 8), kind: `Run ${one.run_id.slice(0, 8)}, ${one.status}`, open: to("runs", one.run_id), words: "" }));
    const last = recent();
    const at = (one: Entry) => last.indexOf(`${one.kind} ${one.label}`);
    const entries = [...matching, ...ofRuns];
    return [...entries.filter((one) => at(one) >= 0).sort((a, b) => at(a) - at(b)), ...entries.filter((one) => at(one) < 0)].slice(0, 14);
  }, [text, systems, experiments, projects, checks, models, runs]);

  const chosen = Math.min(at, found.length - 1);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);

  const open = (entry: Entry | undefined) => {
    if (!entry) return;
    dialog.current?.close();
    const name = `${entry.kind} ${entry.label}`;
    keep("recent", JSON.stringify([name, ...recent().filter((one) => one !== name)].slice(0, RECENT)));
    entry.open();
  };
  const keys = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      setAt((chosen + move + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      open(found[chosen]);
    }
  };
  return (
    <dialog ref={dialog} class="veil" aria-label="Search" onClose={close} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="palette">
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="found"
          aria-autocomplete="list"
          aria-activedescendant={found.length ? `found-${chosen}` : undefined}
          aria-label="Search systems, libraries, exercises, runs, models and pages"
          placeholder="Search systems, runs, models…"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={keys}
        />
        <ul id="found" role="listbox" aria-label="Found" ref={list}>
          {found.map((entry, i) => (
            <li key={`${entry.kind}${entry.label}${i}`} id={`found-${i}`} role="option" aria-selected={i === chosen} onClick={() => open(entry)} onMouseMove={() => setAt(i)}>
              <span>{entry.label}</span>
              <span>{entry.kind}</span>
            </li>
          ))}
        </ul>
        {!found.length && <p role="status">Nothing is called that. Try a system's number, such as 3.1.</p>}
      </div>
    </dialog>
  );
}
