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

  render({ at, row, level, top, height, columns, active, look, name, cell, narrow }: Props) {
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
        {columns.map((one, i) => {
          const style = one.pinned && !narrow ? { left: `${left}rem` } : undefined;
          if (one.pinned) left += one.width;
          return (
            <div key={one.id} role="gridcell" aria-colindex={i + 2} data-col={one.id} class={`grid-cell${one.right ? " right" : ""}${one.pinned ? " pin" : ""}`} style={style} data-label={narrow && (one.id === "took" || one.id.includes(".")) ? one.label.toLowerCase() : undefined}>
              {row === undefined ? i === 0 && <span class="hidden">Loading</span> : cell(one, row, level)}
            </div>
          );
        })}
      </div>
    );
  }
}
