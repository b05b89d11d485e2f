import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Problem, get } from "../../api";
import { Grid, type GridColumn } from "../../components/grid";
import { type Anchor, Menu, type MenuItems, below } from "../../components/menu";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { useConnection } from "../../connection";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { go, href } from "../../router";
import type { RunRow } from "../../types";
import { type Shown, asked, holding, queryOf, show, useShown } from "./address";
import { Bar } from "./bar";
import { Cell, runName, valueOf } from "./cells";
import { type Names, arranged, defaults, full } from "./columns";
import { condition, kindOf, written } from "./conditions";
import { NoRuns, NothingFound } from "./empty";
import { Filter } from "./filter";
import { Chooser, KeysDialog } from "./lazily";
import { Rows } from "./rows";
import { useSelecting } from "./selecting";
import { type Doing, useDoing } from "./doing";
import { useUndo } from "./undo";
import { Views } from "./views";

const EVERY = 3000;
const nameless: Names = { metrics: [], params: [], tags: [] };
const kept: [Shown["kept"], string][] = [
  ["active", "Active runs"],
  ["all", "With archived"],
  ["archived", "Archived"],
  ["trash", "Trash"],
];

/** All runs as a table: what it shows is its address. */
export function RunsPage() {
  const shown = useShown();
  const { returns } = useConnection();
  const [, redraw] = useState(0);
  const rows = useMemo(() => new Rows(() => redraw((n) => n + 1)), []);
  useEffect(() => () => rows.stop(), []);

  const [first] = useState(() => new URLSearchParams({ newest: "100", ...(asked(shown).get("filter") ? { filter: asked(shown).get("filter")! } : {}) }));
  const looked = useResource<Names>(shown.columns ? "" : `runs/columns?${first}`, (signal) => get(`runs/columns?${first}`, signal));
  const names = looked.value ?? (looked.problem ? nameless : undefined);
  const ids = useMemo(() => shown.columns ?? (names && defaults(names)), [shown.columns, names]);
  const columns = useMemo(() => arranged(ids ?? ["name"], shown.pins), [ids, shown.pins.join("\n")]);

  // Of half a condition nothing is asked: the rows stay as they are until it is whole.
  const whole = useRef("");
  if (kindOf(shown.text) !== "begun") whole.current = shown.text;
  const question = asked(shown, whole.current).toString();
  const hold = ids && holding(columns.map((one) => one.id));
  useLayoutEffect(() => {
    if (hold !== undefined) rows.ask(question, hold, shown.open);
  }, [question, hold, shown.open.join(), returns]);

  const [view, setView] = useState<[number, number]>([0, 0]);
  const top = view[0] === 0;
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && !document.querySelector("dialog[open]")) void rows.refresh(top && shown.order === "-started");
    }, EVERY);
    return () => clearInterval(timer);
  }, [top, shown.order]);

  const { did, toast } = useUndo();
  const selecting = useSelecting(rows, question);
  const doing = useDoing(rows, selecting, did, columns, shown.kept);
  const held = rows.held;
  const wrong = usePointed(rows.problem, shown);
  const narrowed = shown.where.length > 0 || kindOf(shown.text) !== "none" || shown.kept !== "active";
  const ahead = held?.ahead ?? 0;
  return (
    <div class="board">
      <PageHead title="Runs" note="Everything that was trained or logged on this machine." />
      <div class="board-tools">
        <Filter shown={shown} problem={wrong} />
        <Tools shown={shown} columns={columns} chosen={columns.map((one) => one.id)} did={(said) => did({ said })} doing={doing} question={question} />
      </div>
      {rows.problem && !wrong && <ProblemBox problem={rows.problem} again={() => rows.again()} />}
      {!held && !rows.problem && <Loading what="the runs" />}
      {held && held.total === 0 && !wrong && (narrowed ? <NothingFound shown={shown} /> : <NoRuns />)}
      {held && held.total > 0 && (
        <>
          <p class="board-count small muted">
            <span role="status">
              {plural(held.total, "run")}
              {held.rows.includes("top=true") ? ", without those inside others" : ""}
            </span>
            {(ahead !== 0 || held.moved) && (
              <button type="button" class="button little accent" onClick={() => toTop(rows)}>
                {ahead > 0 ? plural(ahead, "new run") : "The order has changed"}: show
              </button>
            )}
          </p>
          <Board shown={shown} rows={rows} columns={columns} selecting={selecting} doing={doing} onView={(from, to) => setView((old) => (old[0] === from && old[1] === to ? old : [from, to]))} />
        </>
      )}
      {selecting.count > 0 && <Bar selecting={selecting} doing={doing} kept={shown.kept} />}
      {doing.dialog}
      {toast}
    </div>
  );
}

/** What is new stands at the top. */
function toTop(rows: Rows): void {
  rows.again(true);
  const grid = document.querySelector<HTMLElement>(".grid");
  grid?.scrollTo(0, 0);
  if (grid && grid.getBoundingClientRect().top < 0) grid.scrollIntoView();
}

/** With conditions beside it, the place of an error in the typed text is found by asking for that text alone. */
function usePointed(problem: Problem | undefined, shown: Shown): Problem | undefined {
  const [alone, setAlone] = useState<Problem>();
  const wrong = problem?.status === 422 && problem.errors.some((one) => one.field === "filter") ? problem : undefined;
  useEffect(() => {
    setAlone(undefined);
    if (!wrong || !shown.where.length || kindOf(shown.text) !== "filter") return;
    const control = new AbortController();
    get(`runs?${new URLSearchParams({ filter: shown.text, limit: "1" })}`, control.signal).catch((error: unknown) => error instanceof Problem && setAlone(error));
    return () => control.abort();
  }, [wrong]);
  return wrong && (alone ?? wrong);
}

function Tools({ shown, columns, chosen, did, doing, question }: { shown: Shown; columns: GridColumn[]; chosen: string[]; did: (said: string) => void; doing: Doing; question: string }) {
  const [choosing, setChoosing] = useState(false);
  const [keys, setKeys] = useState(false);
  const [menu, setMenu] = useState<Anchor>();
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox]),textarea,select,dialog");
      if (event.key !== "?" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      setKeys(true);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const whole = { ids: [], all: question, count: 0 };
  const items: MenuItems = [
    { label: "Runs inside others in their place", checked: shown.nested, act: () => show({ nested: !shown.nested }) },
    { label: "Groups above the columns", checked: shown.heads, act: () => show({ heads: !shown.heads }) },
    null,
    { label: "All of these as CSV", act: () => doing.save("csv", whole) },
    { label: "All of these as JSON", act: () => doing.save("json", whole) },
    null,
    { label: "Keys of this page", hint: "?", act: () => setKeys(true) },
  ];
  const order = shown.order.replace(/^-/, "");
  return (
    <div class="board-buttons">
      <select class="input" aria-label="Which runs" value={shown.kept} onChange={(event) => show({ kept: event.currentTarget.value as Shown["kept"] })}>
        {kept.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <select class="input only-narrow" aria-label="Order" value={shown.order} onChange={(event) => show({ order: event.currentTarget.value })}>
        {!columns.some((one) => one.order === order) && <option value={shown.order}>{order}</option>}
        {columns
          .filter((one) => one.order)
          .flatMap((one) => [
            <option key={`-${one.id}`} value={`-${one.order}`}>
              {full(one)} ↓
            </option>,
            <option key={one.id} value={one.order}>
              {full(one)} ↑
            </option>,
          ])}
      </select>
      <button type="button" class="button" aria-haspopup="dialog" onClick={() => setChoosing(true)}>
        Columns
      </button>
      <Views query={queryOf(shown)} said={did} />
      <button type="button" class="button" aria-haspopup="menu" aria-expanded={menu !== undefined} onClick={(event) => setMenu(below(event.currentTarget))}>
        More
      </button>
      {menu && <Menu label="More" items={items} at={menu} close={() => setMenu(undefined)} />}
      {choosing && <Chooser chosen={chosen} choose={(ids) => show({ columns: ids }, true)} reset={() => show({ columns: null, pins: [] }, true)} close={() => setChoosing(false)} />}
      {keys && <KeysDialog close={() => setKeys(false)} />}
    </div>
  );
}

interface BoardProps {
  shown: Shown;
  rows: Rows;
  columns: GridColumn[];
  selecting: ReturnType<typeof useSelecting>;
  doing: Doing;
  onView: (first: number, last: number) => void;
}

function Board({ shown, rows, columns, selecting, doing, onView }: BoardProps) {
  const [active, setActive] = useState<{ at: number; id: string | undefined }>({ at: -1, id: undefined });
  const [menu, setMenu] = useState<{ at: Anchor; items: MenuItems; label: string }>();
  const [anew, setAnew] = useState(0);
  const answered = useRef("");
  // Back to the top when the rows of another question have come, not when it was asked.
  useLayoutEffect(() => {
    const now = rows.held?.rows ?? "";
    if (answered.current && now !== answered.current) {
      setAnew((n) => n + 1);
      setActive((old) => ({ at: old.at < 0 ? -1 : 0, id: undefined }));
    }
    answered.current = now;
  }, [rows.held?.rows]);
  useEffect(() => {
    const slash = (event: KeyboardEvent): void => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox]),textarea,select,dialog");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      document.getElementById("runs-filter")?.focus();
    };
    addEventListener("keydown", slash, true);
    return () => removeEventListener("keydown", slash, true);
  }, []);

  // New rows above it do not change which run is active.
  const found = active.id ? rows.place(active.id) : -1;
  const at = found >= 0 ? found : Math.min(active.at, rows.count - 1);
  const activate = (to: number): void => setActive({ at: to, id: rows.flat(to).row?.run_id });
  const open = new Set(shown.open);
  const twist = (row: RunRow, on = !open.has(row.run_id)): void => show({ open: on ? [...shown.open, row.run_id] : shown.open.filter((one) => one !== row.run_id) }, true);
  const arrange = (changes: { columns?: GridColumn[]; pins?: string[] }): void => show({ columns: (changes.columns ?? columns).map((one) => one.id), ...(changes.pins ? { pins: changes.pins } : {}) }, true);
  const move = (id: string, to: number): void => {
    const column = columns.find((one) => one.id === id);
    const target = columns[Math.min(columns.length - 1, Math.max(0, to))];
    if (!column || !target || column.pinned !== target.pinned) return;
    const rest = columns.filter((one) => one !== column);
    rest.splice(Math.min(columns.length - 1, Math.max(0, to)), 0, column);
    arrange({ columns: rest });
  };
  const add = (one: string): void => show({ where: [...shown.where.filter((old) => old !== one), one] });
  const sort = (column: GridColumn): void => {
    if (!column.order) return;
    const down = `-${column.order}`;
    // Numbers and times begin with the greatest, texts with the first letter.
    const begin = column.right || column.id === "started" || column.id.startsWith("spark.") ? down : column.order;
    show({ order: shown.order !== begin ? begin : begin === down ? column.order : down });
  };
  const back = (): HTMLElement | undefined => document.querySelector<HTMLElement>(".grid") ?? undefined;

  const columnMenu = (column: GridColumn, element: HTMLElement): void => {
    const place = columns.indexOf(column);
    const pins = columns.filter((one) => one.pinned).map((one) => one.id);
    const head = element.closest<HTMLElement>("[data-head]") ?? element;
    const metric = column.id.startsWith("metrics.") ? column.id.slice(8) : undefined;
    setMenu({
      at: below(element, head),
      label: `Column ${full(column)}`,
      items: [
        { label: "Sort upwards", act: () => show({ order: column.order }), off: !column.order, checked: shown.order === column.order },
        { label: "Sort downwards", act: () => show({ order: `-${column.order}` }), off: !column.order, checked: shown.order === `-${column.order}` },
        null,
        {
          label: "Filter by it…",
          off: ["tags", "note", "children", "alerts", "took"].includes(column.id),
          act: () => {
            const name = column.id === "id" ? "run_id" : written(column.id.replace(/^spark\./, "metrics."));
            show({ text: `${kindOf(shown.text) === "filter" ? `${shown.text} AND ` : ""}${name} ` });
            requestAnimationFrame(() => {
              const box = document.getElementById("runs-filter") as HTMLInputElement | null;
              box?.focus();
              box?.setSelectionRange(box.value.length, box.value.length);
            });
          },
        },
        ...(metric !== undefined ? [{ label: "Its curve beside it", checked: columns.some((one) => one.id === `spark.${metric}`), act: () => curve(column, metric) }] : []),
        null,
        { label: column.pinned ? "Let go from the left" : "Pin to the left", act: () => arrange({ pins: column.pinned ? (pins.length > 1 ? pins.filter((one) => one !== column.id) : pins) : [...pins, column.id] }), off: column.pinned && pins.length === 1 },
        { label: "Move left", hint: "Alt ←", act: () => move(column.id, place - 1), off: columns[place - 1]?.pinned !== column.pinned },
        { label: "Move right", hint: "Alt →", act: () => move(column.id, place + 1), off: columns[place + 1]?.pinned !== column.pinned },
        { label: "Hide", act: () => arrange({ columns: columns.filter((one) => one !== column) }), off: column.id === "name" },
      ],
    });
  };
  const curve = (column: GridColumn, metric: string): void => {
    const id = `spark.${metric}`;
    const names = columns.map((one) => one.id);
    show({ columns: names.includes(id) ? names.filter((one) => one !== id) : names.flatMap((one) => (one === column.id ? [one, id] : [one])) }, true);
  };

  const filters = (row: RunRow, ids: string[]): MenuItems =>
    ids.flatMap((id) => {
      if (["took", "started", "children", "alerts", "note"].includes(id) || id.startsWith("spark.")) return [];
      if (id === "tags") return Object.entries(row.tags ?? {}).filter(([key]) => !/^(mlflow|castalia)\./.test(key)).slice(0, 5).map(([key, value]) => offer(`tags.${key}`, value));
      if (id === "name") return [];
      const value = valueOf(id, row);
      if (id.startsWith("metrics.")) return typeof value === "number" ? [offer(id, value, ">="), offer(id, value, "<=")] : [];
      return [offer(id === "id" ? "run_id" : id, value)];
    });
  const offer = (id: string, value: unknown, how = "=") => {
    const text = condition(id, value, how);
    return { label: text.length > 60 ? `${text.slice(0, 60)}…` : text, act: () => add(text) };
  };
  const rowMenu = (row: RunRow, column: string, anchor: Anchor): void => {
    const many = selecting.has(row) && selecting.count > 1;
    if (!selecting.has(row) && selecting.count) selecting.none();
    const what = many ? plural(selecting.count, "run") : runName(row);
    const here = column ? filters(row, [column]) : [];
    const shownFilters = here.length ? here : filters(row, columns.map((one) => one.id)).slice(0, 9);
    setMenu({
      at: anchor,
      label: what,
      items: [
        { label: "Open", hint: "Enter", act: () => go(href("runs", row.run_id)) },
        { label: "Name, note and tags…", hint: "e", act: () => doing.edit(row) },
        ...(many ? [{ label: `Compare ${what}`, hint: "c", act: () => doing.compare() }] : []),
        ...(row.children ? [{ label: open.has(row.run_id) ? "Hide the runs inside" : "Show the runs inside", hint: "→", act: () => twist(row) }] : []),
        ...(shownFilters.length ? [null, ...shownFilters] : []),
        null,
        ...(shown.kept === "trash"
          ? [{ label: `Restore ${what}`, hint: "r", act: () => doing.restore(many ? undefined : row) }, { label: `Delete ${what} for good…`, danger: true, act: () => doing.remove(many ? undefined : row) }]
          : [
              { label: row.tags?.["castalia.archived"] === "true" ? `Bring ${what} back` : `Archive ${what}`, hint: "a", act: () => doing.archive(many ? undefined : row) },
              { label: `Put ${what} into the trash`, hint: "Del", danger: true, act: () => doing.trash(many ? undefined : row) },
            ]),
      ],
    });
  };

  const act = (name: string, place: number, column: string, event: MouseEvent): void => {
    const row = rows.flat(place).row;
    if (!row) return;
    if (name === "select") {
      if (event.shiftKey) void selecting.reach(place);
      else {
        selecting.turn(row);
        selecting.anchor(place);
      }
    } else if (name === "open") twist(row);
    else if (name === "menu") rowMenu(row, column, { x: event.clientX, y: event.clientY, back: back() });
    else if (name === "dblclick") {
      if (column === "name" || column === "note" || column === "tags") doing.edit(row);
    } else if (name === "tag") {
      const key = (event.target as Element).closest<HTMLElement>("[data-tag]")?.dataset.tag;
      if (key) add(condition(`tags.${key}`, row.tags?.[key]));
    } else if (name === "filter") {
      event.preventDefault();
      const [only, ...more] = filters(row, [column]);
      if (only && !more.length) only.act?.();
      else if (only) rowMenu(row, column, { x: event.clientX, y: event.clientY, back: back() });
    }
  };

  const keys = (event: KeyboardEvent): void => {
    const row = at >= 0 ? rows.flat(at).row : undefined;
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: 15, PageUp: -15, Home: -rows.count, End: rows.count }[event.key];
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey) return;
    if (step !== undefined && (!command || step > 15 || step < -15)) {
      const to = Math.min(rows.count - 1, Math.max(0, at + step));
      if (event.shiftKey && row) {
        if (!selecting.count) selecting.anchor(at);
        void selecting.reach(to);
      }
      activate(at < 0 && Math.abs(step) === 1 ? 0 : to);
    } else if (command && event.key.toLowerCase() === "a") selecting.all();
    else if (command) return;
    else if (event.key === "Escape" && selecting.count) selecting.none();
    else if (event.key === "c") doing.compare(row);
    else if (event.key === "Delete" || event.key === "Backspace") shown.kept === "trash" ? doing.remove(row) : doing.trash(row);
    else if (event.key === "a") doing.archive(row);
    else if (event.key === "r" && shown.kept === "trash") doing.restore(row);
    else if (!row) return;
    else if (event.key === " " || event.key === "x") {
      selecting.turn(row);
      selecting.anchor(at);
    } else if (event.key === "Enter") go(href("runs", row.run_id));
    else if (event.key === "e" || event.key === "F2") doing.edit(row);
    else if (event.key === "ArrowRight" && row.children) twist(row, true);
    else if (event.key === "ArrowLeft" && open.has(row.run_id)) twist(row, false);
    else if (event.key === "ArrowLeft" && row.parent) activate(Math.max(0, rows.place(row.parent)));
    else if (event.key === "m" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const box = document.getElementById(`row-${at}`)?.getBoundingClientRect();
      rowMenu(row, "", { x: (box?.left ?? 0) + 48, y: box?.bottom ?? 0, back: back() });
    } else return;
    event.preventDefault();
  };

  return (
    <>
      <Grid<RunRow>
        label="Runs"
        columns={columns}
        count={rows.count}
        line={(place) => rows.flat(place)}
        id={(row) => row.run_id}
        look={(row) => ({ selected: selecting.has(row), open: row.children ? open.has(row.run_id) : undefined })}
        cell={(column, row, level) => <Cell id={column.id} run={row} level={level} open={open.has(row.run_id)} />}
        named={runName}
        version={Math.floor(Date.now() / 30_000)}
        order={shown.order}
        heads={shown.heads}
        busy={rows.busy}
        active={at}
        selectedAll={selecting.isAll ? true : selecting.count ? "some" : false}
        onActive={activate}
        onView={(from, to) => {
          rows.look(from, to);
          onView(from, to);
        }}
        onOrder={sort}
        onMove={move}
        onColumnMenu={columnMenu}
        onAct={act}
        onKey={keys}
        onSelectAll={() => (selecting.count ? selecting.none() : selecting.all())}
        anew={String(anew)}
      />
      {menu && <Menu label={menu.label} items={menu.items} at={menu.at} close={() => setMenu(undefined)} />}
    </>
  );
}
