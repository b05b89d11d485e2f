import { useRef, useState } from "preact/hooks";
import { type GridColumn, TICK, WIDTHS } from "./grid";
import { Icon } from "./icons";

interface Props {
  columns: GridColumn[];
  order: string;
  heads: boolean;
  all: boolean | "some";
  onOrder: (column: GridColumn) => void;
  onMove: (id: string, to: number) => void;
  onMenu: (column: GridColumn, at: HTMLElement) => void;
  onSelectAll: () => void;
  onResize: (column: GridColumn, width?: number) => void;
  onDragged: (to: { id: string; width: number } | undefined) => void;
  /** Pixels of a rem. */
  rem: number;
}

interface Span {
  group: string;
  from: number;
  count: number;
  pinned: boolean;
}

function spans(columns: GridColumn[]): Span[] {
  const found: Span[] = [];
  columns.forEach((one, i) => {
    const last = found[found.length - 1];
    if (last && last.group === one.group && last.pinned === one.pinned) last.count += 1;
    else found.push({ group: one.group, from: i, count: 1, pinned: one.pinned });
  });
  return found;
}

/** Groups, and below them the heads: click or Enter sorts, Alt and an arrow or dragging moves, with Shift, or by its edge, resizes, the menu does the rest. */
export function GridHead({ columns, order, heads, all, onOrder, onMove, onMenu, onSelectAll, onResize, onDragged, rem }: Props) {
  const row = useRef<HTMLDivElement>(null);
  const [reached, setReached] = useState(0);
  const [over, setOver] = useState(-1);
  const dragged = useRef("");
  const lefts: number[] = [];
  columns.reduce((left, one, i) => {
    lefts[i] = left;
    return left + one.width;
  }, TICK);
  const cells = (): HTMLElement[] => [...(row.current?.querySelectorAll<HTMLElement>("[data-head]") ?? [])];
  const reach = (at: number): void => {
    const to = Math.min(columns.length - 1, Math.max(0, at));
    setReached(to);
    cells()[to]?.focus();
  };
  const keys = (event: KeyboardEvent, at: number): void => {
    const column = columns[at]!;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.altKey && event.shiftKey) onResize(column, column.width + step);
    else if (step && event.altKey) {
      onMove(column.id, at + step);
      setReached(Math.min(columns.length - 1, Math.max(0, at + step)));
      requestAnimationFrame(() => cells().find((one) => one.dataset.head === column.id)?.focus());
    } else if (step) reach(at + step);
    else if (event.key === "Home" || event.key === "End") reach(event.key === "Home" ? 0 : columns.length - 1);
    else if (event.key === "Enter" || event.key === " ") onOrder(column);
    else if (event.key === "ArrowDown" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) onMenu(column, event.currentTarget as HTMLElement);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const pull = (event: PointerEvent, column: GridColumn): void => {
    const edge = event.currentTarget as HTMLElement;
    if (event.button || !edge.parentElement) return;
    // Neither dragged as a column nor sorted.
    event.preventDefault();
    event.stopPropagation();
    const from = event.clientX;
    const width = edge.parentElement.getBoundingClientRect().width / rem;
    let to = width;
    edge.setPointerCapture(event.pointerId);
    const moved = (now: PointerEvent): void => {
      to = Math.min(WIDTHS[1], Math.max(WIDTHS[0], width + (now.clientX - from) / rem));
      onDragged({ id: column.id, width: to });
    };
    const done = (now: PointerEvent): void => {
      for (const [name, what] of ends) edge.removeEventListener(name, what);
      onDragged(undefined);
      if (now.type === "pointerup" && Math.abs(to - width) * rem > 1) onResize(column, to);
    };
    const ends = [["pointermove", moved], ["pointerup", done], ["pointercancel", done]] as const;
    for (const [name, what] of ends) edge.addEventListener(name, what);
  };
  /** As wide as what it shows. */
  const fit = (edge: HTMLElement, column: GridColumn): void => {
    const cells = [edge.parentElement!, ...(edge.closest(".grid")?.querySelectorAll<HTMLElement>(`.grid-body [data-col="${CSS.escape(column.id)}"]`) ?? [])];
    const wide = Math.max(...cells.map((cell) => [...cell.children].reduce((sum, one) => sum + (getComputedStyle(one).position === "absolute" ? 0 : one.scrollWidth + 4), 26)));
    onResize(column, wide / rem);
  };
  const grouped = spans(columns);
  return (
    <>
      {heads && grouped.some((one) => one.group) && (
        <div class="grid-row grid-groups" role="presentation">
          {grouped.map((one) => (
            <span key={one.from} class={`grid-group${one.pinned ? " pin" : ""}${one.group ? "" : " none"}`} style={{ gridColumn: `${one.from + 2} / span ${one.count}`, ...(one.pinned ? { left: `${lefts[one.from]}rem` } : {}) }}>
              {one.group}
            </span>
          ))}
        </div>
      )}
      <div class="grid-row grid-heads" role="row" aria-rowindex={1} ref={row}>
        <div role="columnheader" class="grid-cell tick pin" aria-colindex={1} style={{ left: 0 }}>
          <input
            type="checkbox"
            aria-label="Select all runs"
            checked={all === true}
            ref={(box) => {
              if (box) box.indeterminate = all === "some";
            }}
            onChange={onSelectAll}
          />
        </div>
        {columns.map((one, i) => {
          const sorted = !one.order ? undefined : order === one.order ? "ascending" : order === `-${one.order}` ? "descending" : "none";
          return (
            <div
              key={one.id}
              role="columnheader"
              data-head={one.id}
              aria-colindex={i + 2}
              aria-sort={sorted}
              tabIndex={i === Math.min(reached, columns.length - 1) ? 0 : -1}
              draggable
              title={one.id.includes(".") ? one.id.slice(one.id.indexOf(".") + 1) : undefined}
              class={`grid-cell${one.right ? " right" : ""}${one.pinned ? " pin" : ""}${over === i ? " over" : ""}${sorted && sorted !== "none" ? " sorted" : ""}`}
              style={one.pinned ? { left: `${lefts[i]}rem` } : undefined}
              onFocus={() => setReached(i)}
              onKeyDown={(event) => keys(event, i)}
              onClick={() => onOrder(one)}
              onContextMenu={(event) => {
                event.preventDefault();
                onMenu(one, event.currentTarget);
              }}
              onDragStart={(event) => {
                dragged.current = one.id;
                event.dataTransfer?.setData("text/plain", one.id);
              }}
              onDragOver={(event) => {
                if (!dragged.current) return;
                event.preventDefault();
                setOver(i);
              }}
              onDragLeave={() => setOver(-1)}
              onDragEnd={() => {
                dragged.current = "";
                setOver(-1);
              }}
              onDrop={(event) => {
                event.preventDefault();
                if (dragged.current && dragged.current !== one.id) onMove(dragged.current, i);
                setOver(-1);
              }}
            >
              <span class="grid-label">
                {one.group && <span class="hidden">{one.group} </span>}
                {one.label}
              </span>
              {sorted && sorted !== "none" && <Icon name={sorted === "ascending" ? "up" : "down"} size={12} />}
              <button
                type="button"
                class="grid-more"
                tabIndex={-1}
                aria-label={`More about ${one.label}`}
                onClick={(event) => {
                  event.stopPropagation();
                  onMenu(one, event.currentTarget);
                }}
              >
                <svg width="12" height="12" viewBox="0 0 12 12" fill="none" stroke="currentColor" stroke-width="1.5" aria-hidden="true">
                  <path d="M3 4.5 6 7.5 9 4.5" />
                </svg>
              </button>
              <span class="grid-edge" aria-hidden="true" title="Drag for another width; double-click for the width of what it shows" onPointerDown={(event) => pull(event, one)} onClick={(event) => event.stopPropagation()} onDblClick={(event) => fit(event.currentTarget, one)} draggable onDragStart={(event) => (event.preventDefault(), event.stopPropagation())} />
            </div>
          );
        })}
      </div>
    </>
  );
}
