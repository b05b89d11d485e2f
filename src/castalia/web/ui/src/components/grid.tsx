// A table of many rows of which only those that are seen are drawn. The scrollbar is the browser's own: the body is as high
// as all rows together. Where there is no room for columns each row is a small card and the page scrolls.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { GridHead } from "./grid-head";
import { GridRow } from "./grid-row";

export interface GridColumn {
  id: string;
  label: string;
  group: string;
  /** In rem. */
  width: number;
  right: boolean;
  order: string;
  pinned: boolean;
  /** It has the width that somebody gave it, and takes no more. */
  fixed?: boolean;
}

export interface GridLine<T> {
  row: T | undefined;
  level: number;
}

export interface GridLook {
  selected: boolean;
  /** Undefined: there is nothing inside. */
  open: boolean | undefined;
}

export interface GridProps<T> {
  label: string;
  columns: GridColumn[];
  count: number;
  line: (at: number) => GridLine<T>;
  id: (row: T) => string;
  look: (row: T) => GridLook;
  cell: (column: GridColumn, row: T, level: number) => ComponentChildren;
  named: (row: T) => string;
  /** Whether a row says anything in a column: on a card nothing else is shown. */
  has: (column: GridColumn, row: T) => boolean;
  /** The name of a column beside its value, where no head stands above it. */
  called: (column: GridColumn) => string;
  /** Changes when `cell` shows the same row differently. */
  version: number;
  order: string;
  heads: boolean;
  busy: boolean;
  active: number;
  selectedAll: boolean | "some";
  onActive: (at: number) => void;
  onView: (first: number, last: number) => void;
  onOrder: (column: GridColumn) => void;
  onMove: (id: string, to: number) => void;
  /** To so many rem; to the width it has of itself where none is given. */
  onResize: (column: GridColumn, width?: number) => void;
  onColumnMenu: (column: GridColumn, at: HTMLElement) => void;
  onAct: (act: string, at: number, column: string, event: MouseEvent) => void;
  onKey: (event: KeyboardEvent) => void;
  onSelectAll: () => void;
  /** Changes when the list begins anew: back to its top. */
  anew: string;
}

const BEYOND = 8;
const ROW = 2.125;
const CARD = 6.75;
export const TICK = 2.25;
/** Narrowest and widest that a column can be made, in rem. */
export const WIDTHS: readonly [number, number] = [3, 60];
export const narrowWindow = matchMedia("(max-width: 46rem)");

export function Grid<T>(props: GridProps<T>) {
  const { count, active } = props;
  const box = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const [[first, last], setRange] = useState<[number, number]>([0, 40]);
  const [narrow, setNarrow] = useState(narrowWindow.matches);
  // While an edge is dragged; the address gets it when it is let go.
  const [dragged, setDragged] = useState<{ id: string; width: number }>();
  const columns = useMemo(() => props.columns.map((one) => (one.id === dragged?.id ? { ...one, width: dragged.width, fixed: true } : one)), [props.columns, dragged]);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const height = Math.round((narrow ? CARD : ROW) * rem);
  const latest = useRef(props);
  latest.current = props;
  const size = useRef(height);
  size.current = height;

  const measure = (): void => {
    if (!body.current || !box.current) return;
    const whole = body.current.getBoundingClientRect();
    const view = box.current.getBoundingClientRect();
    const top = Math.max(0, narrowWindow.matches ? 0 : view.top);
    const bottom = Math.min(innerHeight, narrowWindow.matches ? innerHeight : view.bottom);
    const most = Math.max(0, latest.current.count - 1);
    const from = Math.min(most, Math.max(0, Math.floor((top - whole.top) / size.current)));
    const to = Math.min(most, Math.max(from, Math.ceil((bottom - whole.top) / size.current)));
    latest.current.onView(from, to);
    setRange(([a, b]) => (from - BEYOND / 2 >= a && to + BEYOND / 2 <= b && to - from + 2 * BEYOND >= b - a ? [a, b] : [Math.max(0, from - BEYOND), to + BEYOND]));
  };

  useEffect(() => {
    const turned = () => setNarrow(narrowWindow.matches);
    narrowWindow.addEventListener("change", turned);
    // Caught on its way down: whichever scrolls, the page or the box.
    document.addEventListener("scroll", measure, { capture: true, passive: true });
    const watcher = new ResizeObserver(measure);
    watcher.observe(box.current!);
    return () => {
      narrowWindow.removeEventListener("change", turned);
      document.removeEventListener("scroll", measure, { capture: true });
      watcher.disconnect();
    };
  }, []);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [props.anew]);
  useLayoutEffect(measure, [count, narrow, height, props.anew]);

  useLayoutEffect(() => {
    if (active < 0 || !box.current || !body.current) return;
    const top = active * height;
    if (narrow) {
      const at = body.current.getBoundingClientRect().top + top;
      if (at < 0) scrollBy(0, at);
      else if (at + height > innerHeight) scrollBy(0, at + height - innerHeight);
      return;
    }
    const room = box.current.clientHeight - (head.current?.offsetHeight ?? 0);
    if (top < box.current.scrollTop) box.current.scrollTop = top;
    else if (top + height > box.current.scrollTop + room) box.current.scrollTop = top + height - room;
  }, [active, height]);

  const target = (event: Event): { at: number; column: string; act: string } | undefined => {
    const from = event.target as Element;
    const row = from.closest<HTMLElement>("[data-at]");
    if (!row) return undefined;
    return { at: Number(row.dataset.at), column: from.closest<HTMLElement>("[data-col]")?.dataset.col ?? "", act: from.closest<HTMLElement>("[data-act]")?.dataset.act ?? "" };
  };
  const clicked = (event: MouseEvent, act?: string): void => {
    const found = target(event);
    if (!found) return;
    if (act !== "dblclick") props.onActive(found.at);
    if (act || found.act || event.altKey) props.onAct(act ?? (event.altKey ? "filter" : found.act), found.at, found.column, event);
  };

  const lines = [];
  for (let at = first; at <= Math.min(last, count - 1); at++) {
    const { row, level } = props.line(at);
    lines.push(<GridRow key={at} at={at} row={row} level={level} top={at * height} height={height} columns={columns} active={at === active} narrow={narrow} look={row && props.look(row)} name={row && props.named(row)} has={props.has as (column: GridColumn, row: unknown) => boolean} called={props.called} cell={props.cell as (column: GridColumn, row: unknown, level: number) => ComponentChildren} version={props.version} />);
  }
  const pinned = columns.filter((one) => one.pinned).reduce((sum, one) => sum + one.width, TICK);
  const total = columns.reduce((sum, one) => sum + one.width, TICK);
  const tracks = [`${TICK}rem`, ...columns.map((one) => (one.id === "name" && !one.fixed ? `minmax(${one.width}rem, 1fr)` : `${one.width}rem`))].join(" ");
  return (
    <div
      class={narrow ? "grid cards-only" : "grid"}
      ref={box}
      role="treegrid"
      tabIndex={0}
      aria-label={props.label}
      aria-multiselectable="true"
      aria-rowcount={count + 1}
      aria-colcount={columns.length + 1}
      aria-busy={props.busy}
      aria-activedescendant={active >= first && active <= last && active < count ? `row-${active}` : undefined}
      style={{ "--tracks": tracks, "--total": `${total}rem`, "--pinned": `${pinned}rem`, "--most": `calc(${Math.max(1, count) * height}px + ${props.heads && columns.some((one) => one.group) ? 4.5 : 3.125}rem + 2px)` }}
      onKeyDown={(event) => event.target === event.currentTarget && props.onKey(event)}
    >
      <div role="rowgroup" class="grid-head" ref={head}>
        <GridHead columns={columns} order={props.order} heads={props.heads} all={props.selectedAll} onOrder={props.onOrder} onMove={props.onMove} onResize={props.onResize} onDragged={setDragged} rem={rem} onMenu={props.onColumnMenu} onSelectAll={props.onSelectAll} />
      </div>
      <div
        role="rowgroup"
        class="grid-body"
        ref={body}
        style={{ height: `${Math.max(1, count) * height}px` }}
        onClick={clicked}
        onDblClick={(event) => clicked(event, "dblclick")}
        onContextMenu={(event) => {
          if (event.shiftKey) return;
          event.preventDefault();
          clicked(event, "menu");
        }}
      >
        {lines}
      </div>
    </div>
  );
}
