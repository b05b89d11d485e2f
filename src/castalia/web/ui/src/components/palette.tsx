// One box over everything: pages, systems, models, runs, experiments, what was saved, the manual, and things to do.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { useChecks } from "../checks";
import { plural } from "../format";
import { keep, kept } from "../kept";
import { type Reading, readingAddress } from "../pages/manual-address";
import { type View, viewAddress, viewsKey } from "../pages/runs/view";
import { useResource } from "../resource";
import { go, href } from "../router";
import { turnTheme } from "../theme";
import type { ModelLine, ProjectCard, RunRow, SystemCard } from "../types";
import { toClipboard } from "./code";
import { toast } from "./toast";

interface Entry {
  label: string;
  kind: string;
  open: () => void;
  words: string;
  /** What it is called in addresses and commands. */
  name?: string;
  /** A part of something that is listed too. */
  inside?: boolean;
}

const pages: [string, string[]][] = [
  ["Home", []],
  ["Today", ["today"]],
  ["Learn", ["learn"]],
  ["Systems", ["systems"]],
  ["Runs", ["runs"]],
  ["Experiments", ["experiments"]],
  ["Jobs", ["jobs"]],
  ["Compare", ["compare"]],
  ["Models", ["models"]],
  ["Notices", ["notices"]],
  ["Manual", ["manual"]],
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

const copies = (line: string, said = `Copied: ${line}`) => () =>
  void toClipboard(line).then(
    () => toast(said),
    () => toast("Not copied: this browser does not allow it"),
  );

const to = (...names: string[]) => () => go(href(...names));
const at = (name: string, query: Record<string, string>) => () => go(`${href(name)}?${new URLSearchParams(query)}`);

/** What is done at once. */
const actions: [string, string, () => void][] = [
  ["Only the runs that run now", "new filter runs running now", at("runs", { status: "running" })],
  ["Only the runs that failed", "new filter runs failed", at("runs", { status: "failed" })],
  ["Open the trash", "deleted runs restore", at("runs", { show: "trash" })],
  ["Open the archived runs", "archive hidden runs", at("runs", { show: "archived" })],
  ["Make a rule for notices", "notify alert webhook rule", to("notices")],
  ["Turn the theme", "theme dark light", turnTheme],
  ["Copy the address of this page", "link url share copy", () => copies(location.href, "The address is copied")()],
];

const MOST = 14;
const MOST_RUNS = 4;
const PAUSE = 80;

/** How well a text fits: it is the name; at the beginning of the title, of a word of it, inside it, or elsewhere; 0 where a word is missing. */
function fits(one: Entry, wanted: string[]): number {
  if (one.name && one.name.toLowerCase() === wanted.join(" ")) return 5;
  const label = one.label.toLowerCase();
  const words = one.words.toLowerCase();
  let least = 4;
  let most = 0;
  for (const word of wanted) {
    const place = label.indexOf(word);
    const found = place === 0 ? 4 : place > 0 && /[^\p{L}\p{N}]/u.test(label[place - 1]!) ? 3 : place > 0 ? 2 : words.includes(word) ? 1 : 0;
    if (!found) return 0;
    [least, most] = [Math.min(least, found), Math.max(most, found)];
  }
  // The name of the whole finds the whole, not each of its parts.
  return one.inside && most === 1 ? 0 : least;
}

/** The text once its writer has paused. */
function useLate(text: string): string {
  const [late, setLate] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return late;
}

const none: never[] = [];

/** What a list holds, and whether it is still to come. */
function useListed<T>(path: string): [T[], boolean] {
  const { value, problem } = useResource<T[]>(path, (signal) => get(path, signal));
  return [Array.isArray(value) ? value : none, value === undefined && !problem];
}

/** Search: a combobox with its list, in the browser's own modal dialog. */
export function Palette({ typed, close }: { typed: () => string; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [text, setText] = useState(typed);
  const [place, setPlace] = useState(0);
  const [systems] = useListed<SystemCard>("systems");
  const [projects] = useListed<ProjectCard>("projects");
  const [experiments] = useListed<{ name: string }>("experiments");
  const checks = useChecks().value;
  const [models] = useListed<ModelLine>("models");
  const [views, viewsCome] = useListed<View>(viewsKey);
  const [manual, manualComes] = useListed<Reading>("manual");
  const late = useLate(text.trim());
  const asked = `runs?${new URLSearchParams({ ...(late ? { q: late.slice(0, 200) } : {}), limit: "8", columns: "metrics.none" })}`;
  const runs = useResource<{ items: RunRow[] }>(asked, (signal) => get(asked, signal));
  const waiting = late !== text.trim() || (!runs.value && !runs.problem) || viewsCome || manualComes;

  // The browser's own "close" comes with the next frame: the shortcut, pressed before it, would find a search that is on.
  const shut = () => {
    dialog.current?.close();
    close();
  };

  // Before the next key arrives: what is typed right after the shortcut belongs to the box.
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const all = useMemo((): Entry[] => {
    const reading = manual.flatMap((one): Entry[] => {
      const kind = one.kind === "docs" ? "Manual" : `Lesson of ${one.name}`;
      const of = one.kind === "docs" ? "manual docs documentation" : `lesson ${one.name}`;
      return [
        { label: one.title, kind, open: () => go(readingAddress(one)), words: `${one.title} ${one.name} ${one.chapter} ${of}` },
        ...one.sections.map((section) => ({ label: section, kind: `In “${one.title}”`, open: () => go(readingAddress(one, section)), words: `${section} ${one.title} ${one.name} ${of}`, inside: true })),
      ];
    });
    return [
      ...pages.map(([label, names]) => ({ label, kind: "Page", open: to(...names), words: label })),
      ...views.map((one) => ({ label: one.name, kind: one.page === "compare" ? "Saved comparison" : "View of runs", open: () => go(viewAddress(one)), words: `${one.name} view saved ${one.page}` })),
      ...actions.map(([label, words, open]) => ({ label, kind: "Action", open, words: `${label} ${words} action` })),
      ...systems.map((one) => ({ label: one.title || one.name, kind: `System ${one.project}`.trim(), open: to("systems", one.address || one.name), words: `${one.name} ${one.title} ${one.skill} ${one.project} ${one.summary}`, name: one.name })),
      ...projects.filter((one) => one.kind !== "system").map((one) => ({ label: one.title, kind: `${one.kind === "library" ? "Library" : "Project"} ${one.project}`, open: to("projects", one.address), words: `${one.name} ${one.title} ${one.skill} ${one.project} ${one.summary} ${one.subject} ${one.kind}`, name: one.name })),
      ...(checks ?? []).filter((one) => one.kind === "exercise").map((one) => ({ label: one.title, kind: "Exercise", open: to("learn", one.address), words: `${one.name} ${one.title} ${one.summary} learn build exercise`, name: one.name })),
      ...models.map((one) => ({ label: one.name, kind: "Model", open: to("models", one.name), words: `${one.name} model` })),
      ...experiments.map((one) => ({ label: one.name, kind: "Experiment", open: to("experiments", one.name), words: `${one.name} experiment` })),
      ...commands.map(([line, words]) => ({ label: line, kind: "Copy the command", open: copies(line), words: `${line} ${words} command shell` })),
      ...systems.map((one) => ({ label: `Train ${one.title || one.name}`, kind: "Action", open: () => go(`${href("systems", one.address || one.name)}?tab=train`), words: `train fit ${one.name} ${one.title} action` })),
      ...reading,
    ];
  }, [systems, experiments, projects, checks, models, views, manual]);

  const found = useMemo(() => {
    const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
    const last = recent();
    const recency = (one: Entry): number => last.indexOf(`${one.kind} ${one.label}`);
    const ofRuns = (runs.value?.items ?? []).map((one) => ({ label: one.name || one.run_id.slice(0, 8), kind: `Run ${one.run_id.slice(0, 8)}, ${one.status}`, open: to("runs", one.run_id), words: "" }));
    // Without a word the sections of the manual would be everything.
    const ranked = all
      .filter((one) => wanted.length || !one.inside)
      .map((one) => ({ one, fit: fits(one, wanted) }))
      .filter(({ fit }) => fit)
      .sort((a, b) => b.fit - a.fit)
      .map(({ one }) => one);
    const known = (one: Entry): boolean => recency(one) >= 0;
    const before = [...ranked, ...ofRuns].filter(known).sort((a, b) => recency(a) - recency(b));
    const others = ranked.filter((one) => !known(one));
    const some = ofRuns.filter((one) => !known(one));
    const room = MOST - before.length - Math.min(MOST_RUNS, some.length);
    const rest = [...others.slice(0, Math.max(0, room)), ...some].slice(0, MOST - before.length);
    const search = { label: `All runs with “${text.trim()}”`, kind: "Search", open: at("runs", { q: text.trim() }), words: "" };
    return [...before, ...rest, ...(wanted.length ? [search] : [])];
  }, [text, all, runs.value]);

  const chosen = Math.min(place, found.length - 1);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);

  const open = (entry: Entry | undefined) => {
    if (!entry) return;
    shut();
    if (entry.kind !== "Search") {
      const name = `${entry.kind} ${entry.label}`;
      keep("recent", JSON.stringify([name, ...recent().filter((one) => one !== name)].slice(0, RECENT)));
    }
    entry.open();
  };
  const keys = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 }[event.key];
    if (move) {
      event.preventDefault();
      const next = chosen + move;
      // A step goes round, a page stops at the ends.
      setPlace(Math.abs(move) === 1 ? (next + found.length) % Math.max(1, found.length) : Math.max(0, Math.min(found.length - 1, next)));
    } else if (event.key === "Enter") {
      event.preventDefault();
      open(found[chosen]);
    } else if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      shut();
    }
  };
  const things = found.filter((one) => one.kind !== "Search").length;
  return (
    <dialog ref={dialog} class="veil" aria-label="Search" onCancel={shut} onClose={() => dialog.current && close()} onClick={(event) => event.target === dialog.current && shut()}>
      <div class="palette">
        <input
          type="text"
          role="combobox"
          aria-expanded={found.length > 0}
          aria-controls={found.length ? "found" : undefined}
          aria-autocomplete="list"
          aria-activedescendant={found.length ? `found-${chosen}` : undefined}
          aria-label="Search systems, libraries, exercises, runs, models, the manual and pages"
          placeholder="Search, or say what to do…"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setPlace(0);
          }}
          onKeyDown={keys}
        />
        {found.length > 0 && (
          <ul id="found" role="listbox" aria-label="Found" ref={list}>
            {found.map((entry, i) => (
              <li key={`${entry.kind}${entry.label}${i}`} id={`found-${i}`} role="option" aria-selected={i === chosen} onClick={() => open(entry)} onMouseMove={() => setPlace(i)}>
                <span>
                  <bdi>{entry.label}</bdi>
                </span>
                <span>{entry.kind}</span>
              </li>
            ))}
          </ul>
        )}
        <p role="status" class={things && !waiting && !runs.problem ? "hidden" : "small"}>
          {runs.problem ? "The runs could not be searched: the workbench does not answer." : waiting ? "Looking through the runs…" : things ? `${plural(things, "entry", "entries")}` : "Nothing is called that. A run is found by its name, experiment or id, a system by its number too, such as 3.1."}
        </p>
      </div>
    </dialog>
  );
}
