// One mark a run: any metric or param on either axis, the colour by a third.
import { number, plural } from "../../format";
import { go, href, usePlace } from "../../router";
import { axisOf } from "./axis";
import { column, fields, foremost, telling, type Column } from "./columns";
import { type Comparison, fill } from "./comparison";
import { Axes, ComparedFigure } from "./figure";
import { picked, Picking } from "./picking";
import { ranks, shades } from "./shade";

export function ScatterPart({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const groups = fields(all);
  const main = foremost(all);
  const x = picked(groups, query.get("sx"), ...telling(all).map((key) => `params.${key}`));
  const y = picked(groups, query.get("sy"), `metrics.${main}`);
  const colour = query.get("sc") ?? "";
  if (!x || !y) return <p class="muted">These runs have no metric and no param that could stand on an axis.</p>;
  const [xs, ys] = [column(all.shown, x), column(all.shown, y)];
  const third = colour && picked(groups, colour) === colour ? column(all.shown, colour) : null;
  return (
    <section class="stack" aria-label="Scatter">
      <div class="row">
        <Picking id="sx" label="X axis" value={x} groups={groups} />
        <Picking id="sy" label="Y axis" value={y} groups={groups} />
        <Picking id="sc" label="Colour" value={third ? colour : ""} groups={groups} none="As in the list of runs" />
      </div>
      <Marks all={all} x={xs} y={ys} third={third} />
    </section>
  );
}

const shapes = ["M0 0h0", "M-3.5-3.5l7 7m0-7l-7 7", "M-4 0h8m-4-4v8", "M-4 3h8l-4-7z", "M-3.5-3.5h7v7h-7z", "M0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z"];

/** What a run says on an axis, in words. */
export const told = (column: Column, i: number): string => {
  const value = column.values[i];
  return value === null || value === undefined ? "–" : column.kind === "choice" ? column.choices[value]! : number(value);
};

function Marks({ all, x, y, third }: { all: Comparison; x: Column; y: Column; third: Column | null }) {
  const inks = third ? shades(third) : all.shown.map((one) => fill(one.ink));
  const rank = third?.kind === "number" ? ranks(third) : null;
  const there = all.shown.map((_, i) => i).filter((i) => x.values[i] !== null && y.values[i] !== null);
  const missing = all.shown.length - there.length;
  const columns = ["run", x.label, y.label, ...(third ? [third.label] : [])];
  const cell = (one: Column, i: number): unknown => (one.kind === "choice" ? told(one, i) : one.values[i]);
  return (
    <>
      <ComparedFigure
        title={`${y.label} by ${x.label}`}
        height={440}
        summary={plural(there.length, "run")}
        notes={missing ? [`${plural(missing, "run has", "runs have")} no value on one of the axes`] : []}
        columns={columns}
        rows={() => all.shown.map((one, i) => [one.name, cell(x, i), cell(y, i), ...(third ? [cell(third, i)] : [])])}
        names={third ? (third.kind === "choice" ? third.choices.map((name, ink) => ({ name: `${third.label} = ${name}`, ink })) : []) : all.shown.map((one) => ({ name: one.name, ink: one.ink }))}
        onPick={(mark) => mark.run && go(href("runs", mark.run))}
        on={[all, x.field, y.field, third?.field]}
        draw={(width, height) => {
          const box = { left: 64, right: width - 14, top: 26, bottom: height - 40 };
          const [ax, ay] = [axisOf(x, box.left, box.right, Math.floor(width / 90)), axisOf(y, box.bottom, box.top, 6)];
          const places = there.map((i) => ({ i, x: ax.place(x.values[i]!) + jitter(x, i), y: ay.place(y.values[i]!) + jitter(y, i + 1) }));
          return {
            marks: [[...places].sort((a, b) => a.x - b.x || a.y - b.y).map((one) => ({ x: one.x, y: one.y, run: all.shown[one.i]!.id, words: () => `${all.shown[one.i]!.name}: ${x.label} ${told(x, one.i)}, ${y.label} ${told(y, one.i)}${third ? `, ${third.label} ${told(third, one.i)}` : ""}` }))],
            body: (
              <>
                <Axes x={ax} y={ay} box={box} xName={x.label} yName={y.label} />
                {places.map((one) => {
                  const shown = all.shown[one.i]!;
                  const shape = third ? (third.kind === "choice" ? (third.values[one.i] ?? 0) : 0) : Math.floor(shown.ink / 6) + shown.ink;
                  const kind = shape % shapes.length;
                  return <path key={shown.id} data-run={shown.id} transform={`translate(${one.x.toFixed(1)} ${one.y.toFixed(1)})`} d={shapes[kind]} fill="none" stroke={inks[one.i] ?? "var(--ink-3)"} stroke-width={kind ? 1.8 : rank ? 6 + 5 * (rank[one.i] ?? 0) : 8} stroke-linecap="round" />;
                })}
              </>
            ),
          };
        }}
      />
      {third && <ColourKey column={third} />}
    </>
  );
}

/** Choices share a place: the marks of one stand a little beside each other, always in the same way. */
const jitter = (column: Column, i: number): number => (column.kind === "choice" ? (((i * 7919) % 17) - 8) * 1.2 : 0);

export function ColourKey({ column, sized = true }: { column: Column; sized?: boolean }) {
  if (column.kind === "choice")
    return (
      <ul class="key">
        {column.choices.map((name, i) => (
          <li key={name}>
            <svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true">
              <path d={shapes[i % shapes.length]} fill="none" stroke={fill(i)} stroke-width={i % shapes.length ? 1.8 : 7} stroke-linecap="round" />
            </svg>
            <bdi>{name}</bdi>
          </li>
        ))}
      </ul>
    );
  const known = column.values.filter((one): one is number => one !== null);
  return (
    <p class="small muted row">
      {column.label}: {number(Math.min(...known))} <span class="ramp" aria-hidden="true" /> {number(Math.max(...known))}
      {sized && <span class="faint">larger marks are higher</span>}
    </p>
  );
}
