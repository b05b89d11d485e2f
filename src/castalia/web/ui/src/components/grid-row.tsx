import { Component, type ComponentChildren } from "preact";
import { type GridColumn, type GridLook, TICK } from "./grid";

interface Props {
  at: number;
  row: unknown;
  level: number;
  top: number;
  height: number;
  columns: GridColumn[];
  active: boolean;
  narrow: boolean;
  look: GridLook | undefined;
  name: string | undefined;
  version: number;
  has: (column: GridColumn, row: unknown) => boolean;
  called: (column: GridColumn) => string;
  cell: (column: GridColumn, row: unknown, level: number) => ComponentChildren;
}

/** One row; it is drawn again only when it has changed. */
export class GridRow extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const old = this.props;
    return (
      next.row !== old.row ||
      next.top !== old.top ||
      next.height !== old.height ||
      next.columns !== old.columns ||
      next.active !== old.active ||
      next.narrow !== old.narrow ||
      next.version !== old.version ||
      next.level !== old.level ||
      next.look?.selected !== old.look?.selected ||
      next.look?.open !== old.look?.open
    );
  }

  render({ at, row, level, top, height, columns, active, look, name, has, called, cell, narrow }: Props) {
    let left = TICK;
    return (
      <div
        role="row"
        id={`row-${at}`}
        data-at={at}
        class={`grid-row${active ? " active" : ""}${row ? "" : " blank"}`}
        aria-rowindex={at + 2}
        aria-level={level}
        aria-selected={look?.selected ?? false}
        aria-expanded={look?.open}
        style={{ top: `${top}px`, height: `${height}px` }}
      >
        <div role="gridcell" class="grid-cell tick pin" aria-colindex={1} style={{ left: 0 }} data-act="select">
          {row !== undefined && <input type="checkbox" tabIndex={-1} checked={look?.selected ?? false} aria-label={`Select ${name}`} />}
        </div>
        {(narrow ? cardColumns(columns, (one) => row === undefined || has(one, row)) : columns).map((one, i) => {
          const style = one.pinned && !narrow ? { left: `${left}rem` } : undefined;
          if (one.pinned) left += one.width;
          return (
            <div key={one.id} role="gridcell" aria-colindex={i + 2} data-col={one.id} class={`grid-cell${one.right ? " right" : ""}${one.pinned ? " pin" : ""}`} style={style} data-label={narrow && (one.id === "took" || one.id.includes(".")) ? called(one) : undefined} data-own={narrow && one.id.includes(".") ? "" : undefined}>
              {row === undefined ? i === 0 && <span class="hidden">Loading</span> : cell(one, row, level)}
            </div>
          );
        })}
      </div>
    );
  }
}

const MOST_ON_CARD = 3;

/** What a card has room for: who and how, when, and the first numbers that this row has. */
function cardColumns(columns: GridColumn[], has: (column: GridColumn) => boolean): GridColumn[] {
  const first = ["name", "status", "started", "took"].map((id) => columns.find((one) => one.id === id)).filter((one) => one !== undefined);
  return [...first.filter((one) => one.id !== "took" || has(one)), ...columns.filter((one) => one.id.includes(".") && !one.id.startsWith("spark.") && has(one)).slice(0, MOST_ON_CARD)];
}
