import { useLayoutEffect, useState } from "preact/hooks";
import type { GridColumn } from "../../components/grid";
import { type Anchor, Menu, type MenuItems, below } from "../../components/menu";
import { toast } from "../../components/toast";
import { type Shown, queryOf, show, wayBack } from "./address";
import { full } from "./columns";
import type { Doing } from "./doing";
import { Chooser, KeysDialog } from "./lazily";
import { Views } from "./views";

const kept: [Shown["kept"], string][] = [
  ["active", "Active runs"],
  ["all", "With archived"],
  ["archived", "Archived"],
  ["trash", "Trash"],
];

/** What stands beside the filter: which runs, columns, views, and the rest in a menu. */
export function Tools({ shown, columns, chosen, doing, question }: { shown: Shown; columns: GridColumn[]; chosen: string[]; doing: Doing; question: string }) {
  const [choosing, setChoosing] = useState(false);
  const [keys, setKeys] = useState(false);
  const [menu, setMenu] = useState<Anchor>();
  useLayoutEffect(() => {
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
  const reset = (): void => {
    const { columns, pins, widths } = shown;
    const back = wayBack({ columns, pins, widths });
    show({ columns: null, pins: [], widths: {} }, true);
    if (columns) toast("The columns are those that the page chooses", back);
  };
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
      <Views page="runs" query={queryOf(shown)} />
      <button type="button" class="button" aria-haspopup="menu" aria-expanded={menu !== undefined} onClick={(event) => setMenu(below(event.currentTarget))}>
        More
      </button>
      {menu && <Menu label="More" items={items} at={menu} close={() => setMenu(undefined)} />}
      {choosing && <Chooser chosen={chosen} choose={(ids) => show({ columns: ids }, true)} reset={reset} close={() => setChoosing(false)} />}
      {keys && <KeysDialog close={() => setKeys(false)} />}
    </div>
  );
}
