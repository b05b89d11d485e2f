// One line a run across several axes; a range on an axis brings out the runs within it.
import { useRef } from "preact/hooks";
import { Icon } from "../../components/icons";
import { number, plural } from "../../format";
import { setQuery, usePlace } from "../../router";
import { type Axis, axisOf } from "./axis";
import { column, fields, foremost, telling, type Column } from "./columns";
import type { Comparison } from "./comparison";
import { ComparedFigure } from "./figure";
import { picked, Picking } from "./picking";
import { ColourKey, told } from "./scatter";
import { shades } from "./shade";

const MOST = 12;
type Brush = Record<string, [number, number]>;

/** "field~low~high" for each axis that has a range. */
function brushes(text: string | null): Brush {
  const found: Brush = {};
  for (const one of (text ?? "").split("|")) {
    const [field, low, high] = one.split("~");
    if (field && low && high && Number(low) <= Number(high)) found[decodeURIComponent(field)] = [Number(low), Number(high)];
  }
  return found;
}

const written = (all: Brush): string =>
  Object.entries(all)
    .map(([field, [low, high]]) => `${encodeURIComponent(field)}~${Number(low.toPrecision(8))}~${Number(high.toPrecision(8))}`)
    .join("|");

export function Parallel({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const groups = fields(all);
  const known = new Set(groups.flatMap((one) => one.options.map((option) => option.value)));
  const asked = query.getAll("axis").filter((one) => known.has(one));
  // A param that few runs have, or whose values are sentences, is an axis only where it is asked for.
  const few = telling(all)
    .map((key) => `params.${key}`)
    .filter((field) => {
      const one = column(all.shown, field);
      return one.values.filter((value) => value !== null).length >= all.shown.length / 2 && new Set(one.values.filter((value) => value !== null)).size > 1 && one.choices.every((choice) => choice.length <= 40);
    });
  const main = `metrics.${foremost(all)}`;
  const axes = asked.length >= 2 ? asked.slice(0, MOST) : [...few.slice(0, 6), ...(known.has(main) ? [main] : [])];
  if (axes.length < 2) return <p class="muted">These runs have fewer than two metrics or params that differ.</p>;
  const colour = picked(groups, query.get("pc"), axes[axes.length - 1]!);
  const set = (next: string[]): void => {
    const now = new URLSearchParams(location.search);
    now.delete("axis");
    for (const one of next) now.append("axis", one);
    history.replaceState(null, "", `${location.pathname}?${now}`);
    setQuery({});
  };
  const brush = brushes(query.get("brush"));
  const columns = axes.map((field) => column(all.shown, field));
  const inside = all.shown.map((_, i) => columns.every((one) => within(one, i, brush[one.field])));
  const count = inside.filter(Boolean).length;
  return (
    <section class="stack" aria-label="Parallel coordinates">
      <div class="row">
        <Picking id="axis-more" label="Add an axis" value="" none="Choose…" groups={groups.map((one) => ({ ...one, options: one.options.filter((option) => !axes.includes(option.value)) }))} onChange={(value) => value && axes.length < MOST && set([...axes, value])} />
        <Picking id="pc" label="Colour" value={colour} groups={groups} />
        {Object.keys(brush).length > 0 && (
          <span class="row">
            <span class="small" role="status">
              {plural(count, "run")} within
            </span>
            <button type="button" class="button little" onClick={() => setQuery({ brush: "" })}>
              Clear the ranges
            </button>
          </span>
        )}
      </div>
      <Lines all={all} columns={columns} colour={column(all.shown, colour)} inside={inside} brush={brush} />
      <ul class="axes-list" aria-label="Axes">
        {axes.map((field, i) => (
          <AxisRow key={field} one={columns[i]!} range={brush[field]} set={(range) => setQuery({ brush: written(range ? { ...brush, [field]: range } : Object.fromEntries(Object.entries(brush).filter(([name]) => name !== field))) })} left={i > 0 ? () => set(swapped(axes, i, i - 1)) : null} right={i < axes.length - 1 ? () => set(swapped(axes, i, i + 1)) : null} drop={axes.length > 2 ? () => set(axes.filter((other) => other !== field)) : null} />
        ))}
      </ul>
    </section>
  );
}

function swapped(list: string[], a: number, b: number): string[] {
  const next = [...list];
  [next[a], next[b]] = [next[b]!, next[a]!];
  return next;
}

function within(one: Column, i: number, range: [number, number] | undefined): boolean {
  if (!range) return true;
  const value = one.values[i];
  return value !== null && value !== undefined && value >= range[0] - 1e-12 && value <= range[1] + 1e-12;
}

/** The range of one axis by numbers or by choice, for who does not drag; its place among the axes. */
function AxisRow({ one, range, set, left, right, drop }: { one: Column; range: [number, number] | undefined; set: (range: [number, number] | null) => void; left: (() => void) | null; right: (() => void) | null; drop: (() => void) | null }) {
  const known = one.values.filter((value): value is number => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const change = (which: 0 | 1, text: string): void => {
    const next: [number, number] = [...(range ?? [low, high])];
    if (text === "" || !Number.isFinite(Number(text))) return;
    next[which] = Number(text);
    if (next[0] <= next[1]) set(next);
  };
  return (
    <li>
      <bdi class="grow">{one.label}</bdi>
      {one.kind === "choice" ? (
        <select class="input little" aria-label={`Only runs with this ${one.label}`} value={range ? String(Math.round((range[0] + range[1]) / 2)) : ""} onChange={(event) => set(event.currentTarget.value === "" ? null : [Number(event.currentTarget.value) - 0.4, Number(event.currentTarget.value) + 0.4])}>
          <option value="">All</option>
          {one.choices.map((name, i) => (
            <option key={name} value={i}>
              {name}
            </option>
          ))}
        </select>
      ) : (
        <span class="row whole">
          <input class="input little" inputMode="decimal" aria-label={`${one.label} from`} placeholder={number(low)} value={range ? String(Number(range[0].toPrecision(6))) : ""} onChange={(event) => change(0, event.currentTarget.value)} />
          <input class="input little" inputMode="decimal" aria-label={`${one.label} to`} placeholder={number(high)} value={range ? String(Number(range[1].toPrecision(6))) : ""} onChange={(event) => change(1, event.currentTarget.value)} />
        </span>
      )}
      <span class="row whole moves">
        {range && (
          <button type="button" class="icon-button small" aria-label={`All of ${one.label}`} title="All" onClick={() => set(null)}>
            <Icon name="undo" size={12} />
          </button>
        )}
        <button type="button" class="icon-button small" disabled={!left} aria-label={`Move ${one.label} to the left`} title="To the left" onClick={() => left?.()}>
          <Icon name="left" size={12} />
        </button>
        <button type="button" class="icon-button small" disabled={!right} aria-label={`Move ${one.label} to the right`} title="To the right" onClick={() => right?.()}>
          <Icon name="right" size={12} />
        </button>
        <button type="button" class="icon-button small" disabled={!drop} aria-label={`Leave ${one.label} out`} title="Leave out" onClick={() => drop?.()}>
          <Icon name="cross" size={12} />
        </button>
      </span>
    </li>
  );
}

function Lines({ all, columns, colour, inside, brush }: { all: Comparison; columns: Column[]; colour: Column; inside: boolean[]; brush: Brush }) {
  const inks = shades(colour);
  const start = useRef<{ at: number; y: number } | null>(null);
  const value = (one: Column, i: number): unknown => (one.kind === "choice" ? told(one, i) : one.values[i]);
  return (
    <>
      <ComparedFigure
        title="Parallel coordinates"
        height={380}
        summary={`${plural(all.shown.length, "run")} across ${plural(columns.length, "axis", "axes")}`}
        notes={["Drag along an axis for a range."]}
        columns={["run", ...columns.map((one) => one.label), "within"]}
        rows={() => all.shown.map((one, i) => [one.name, ...columns.map((column) => value(column, i)), inside[i] ? "yes" : "no"])}
        names={[]}
        on={[all, columns.map((one) => one.field).join("\n"), colour.field, written(brush)]}
        draw={(width, height) => {
          const [top, bottom, side] = [34, height - 14, Math.min(70, width * 0.11)];
          const at = (i: number): number => side + (i / (columns.length - 1)) * (width - 2 * side);
          const axes: Axis[] = columns.map((one) => axisOf(one, bottom - 6, top + 6, 5));
          // What a run does not say stands below the axis.
          const y = (c: number, i: number): number => (columns[c]!.values[i] === null ? bottom + 8 : axes[c]!.place(columns[c]!.values[i]!));
          const room = Math.floor((width - 2 * side) / Math.max(1, columns.length - 1) / 6.4);
          const cut = (label: string): string => (label.length > room ? `${label.slice(0, Math.max(3, room - 1))}…` : label);
          const move = (c: number, event: PointerEvent): void => {
            if (!start.current) return;
            event.stopPropagation();
            const frame = (event.currentTarget as SVGElement).ownerSVGElement!.getBoundingClientRect();
            const [a, b] = [axes[c]!.value(start.current.y), axes[c]!.value(Math.max(top, Math.min(bottom, event.clientY - frame.top)))];
            if (Math.abs(event.clientY - frame.top - start.current.y) > 5) setQuery({ brush: written({ ...brush, [columns[c]!.field]: [Math.min(a, b), Math.max(a, b)] }) });
          };
          return {
            marks: all.shown.map((one, i) => columns.map((column, c) => ({ x: at(c), y: y(c, i), run: one.id, words: () => `${one.name}: ${column.label} ${told(column, i)}` }))),
            body: (
              <>
                <g fill="none">
                  {all.shown.map((one, i) => (
                    <path key={one.id} data-run={one.id} class={inside[i] ? "" : "outside"} d={columns.map((_, c) => `${c ? "L" : "M"}${at(c).toFixed(1)} ${y(c, i).toFixed(1)}`).join("")} stroke={inside[i] ? (inks[i] ?? "var(--ink-3)") : "var(--line)"} stroke-width={inside[i] ? 1.6 : 1} stroke-opacity={inside[i] ? 0.9 : 0.8} />
                  ))}
                </g>
                {columns.map((column, c) => {
                  const range = brush[column.field];
                  const [low, high] = range ? [axes[c]!.place(range[0]), axes[c]!.place(range[1])] : [0, 0];
                  return (
                    <g key={column.field}>
                      <line x1={at(c)} x2={at(c)} y1={top} y2={bottom} stroke="var(--line-strong)" />
                      <text x={at(c)} y={c % 2 && columns.length > 6 ? 26 : 14} text-anchor={c === 0 ? "start" : c === columns.length - 1 ? "end" : "middle"} dx={c === 0 ? -side + 4 : c === columns.length - 1 ? side - 4 : 0} fill="var(--ink)" font-weight="600">
                        {cut(column.label)}
                      </text>
                      {axes[c]!.ticks.slice(0, 24).map((tick) => (
                        <text key={tick.at} x={at(c) + 6} y={axes[c]!.place(tick.at) + 4} fill="var(--ink-2)" stroke="var(--paper)" stroke-width="7" stroke-linejoin="round" paint-order="stroke">
                          {tick.label.length > 14 ? `${tick.label.slice(0, 13)}…` : tick.label}
                        </text>
                      ))}
                      {range && <rect x={at(c) - 6} width="12" y={Math.min(low, high)} height={Math.max(3, Math.abs(high - low))} fill="var(--accent)" fill-opacity="0.25" stroke="var(--accent)" />}
                      <rect
                        class="brushing"
                        data-cursor=""
                        x={at(c) - 10}
                        width="20"
                        y={top}
                        height={bottom - top}
                        fill="transparent"
                        onPointerDown={(event) => {
                          event.stopPropagation();
                          const frame = event.currentTarget.ownerSVGElement!.getBoundingClientRect();
                          start.current = { at: c, y: event.clientY - frame.top };
                          event.currentTarget.setPointerCapture(event.pointerId);
                        }}
                        onPointerMove={(event) => move(c, event)}
                        onPointerUp={(event) => {
                          move(c, event);
                          start.current = null;
                        }}
                      />
                    </g>
                  );
                })}
              </>
            ),
          };
        }}
      />
      <ColourKey column={colour} sized={false} />
    </>
  );
}
