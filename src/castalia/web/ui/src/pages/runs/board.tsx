// The table of the page: what heads, cells and keys do.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Grid, type GridColumn, WIDTHS } from "../../components/grid";
import { type Anchor, Menu, type MenuItems, below } from "../../components/menu";
import { toast } from "../../components/toast";
import { plural } from "../../format";
import { go, href } from "../../router";
import type { RunRow } from "../../types";
import { type Shown, show, wayBack } from "./address";
import { Cell, runName, valueOf } from "./cells";
import { distinct, full } from "./columns";
import { condition, kindOf, written } from "./conditions";
import type { Doing } from "./doing";
import type { Rows } from "./rows";
import type { Selecting } from "./selecting";

/** By how much a key makes a column wider, in rem. */
const STEP = 1;

interface BoardProps {
  shown: Shown;
  rows: Rows;
  columns: GridColumn[];
  selecting: Selecting;
  doing: Doing;
  onView: (first: number, last: number) => void;
}

export function Board({ shown, rows, columns, selecting, doing, onView }: BoardProps) {
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
  const resize = (column: GridColumn, width?: number): void => {
    const { [column.id]: _, ...others } = shown.widths;
    const fitted = width && Math.round(Math.min(WIDTHS[1], Math.max(WIDTHS[0], width)) * 4) / 4;
    show({ widths: fitted ? { ...others, [column.id]: fitted } : others }, true);
  };
  const hide = (column: GridColumn): void => {
    const back = wayBack({ columns: shown.columns });
    const place = columns.indexOf(column);
    arrange({ columns: columns.filter((one) => one !== column) });
    requestAnimationFrame(() => document.querySelectorAll<HTMLElement>("[data-head]")[Math.min(place, columns.length - 2)]?.focus());
    toast(`The column ${full(column)} is hidden`, back);
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
        null,
        { label: "Wider", hint: "Shift Alt →", act: () => resize(column, column.width + STEP), off: column.width >= WIDTHS[1] },
        { label: "Narrower", hint: "Shift Alt ←", act: () => resize(column, column.width - STEP), off: column.width <= WIDTHS[0] },
        { label: "As wide as it was", act: () => resize(column), off: !column.fixed },
        null,
        { label: "Hide", act: () => hide(column), off: column.id === "name" },
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
      if (event.shiftKey) void selecting.reach(place).catch(() => undefined);
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
        // A question that has changed meanwhile has other rows.
        void selecting.reach(to).catch(() => undefined);
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
        has={(column, row) => ![undefined, null, ""].includes(valueOf(column.id, row) as undefined) || (column.id === "took" && row.status === "running")}
        called={distinct(columns)}
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
        onResize={resize}
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
