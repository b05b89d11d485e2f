// What is not the same in all runs: a row a name, a column a run; long texts as a diff.
import { useState } from "preact/hooks";
import { get } from "../../api";
import { save } from "../../csv";
import { number, plural } from "../../format";
import { useResource } from "../../resource";
import { setQuery, usePlace } from "../../router";
import { sheet } from "../run/sheet";
import { type Comparison, said, type Shown, text } from "./comparison";
import { fileName } from "./export";
import { Swatch } from "./legend";
import { wordDiff } from "./textdiff";

interface Environment {
  known: boolean[];
  python: Record<string, (string | null)[]>;
  packages: Record<string, (string | null)[]>;
  variables: Record<string, (string | null)[]>;
}

interface Row {
  key: string;
  /** The name without whose it is, where no other row is called the same. */
  label?: string | undefined;
  values: unknown[];
  differs: boolean;
}

interface Part {
  name: string;
  rows: Row[];
}

const LONG = 60;
/** Runs whose packages are compared. */
export const MOST_ENVIRONMENTS = 50;
const titles: Record<string, string> = { run: "Run", params: "Params", metrics: "Metrics, last value", git: "Git", environment: "Environment", tags: "Tags", packages: "Packages", variables: "Environment variables" };

const bare = (key: string): string => key.replace(/^(castalia|mlflow\.source)\.(git\.)?/, "");
const brief = (key: string, all: string[]): string => (all.filter((one) => bare(one) === bare(key)).length > 1 ? key : bare(key));
const same = (values: unknown[]): boolean => values.every((one) => Object.is(one ?? null, values[0] ?? null));

/** So many cells are drawn before somebody asks for all. */
const MOST_CELLS = 20_000;
const LEAST_ROWS = 100;

export function Differences({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const [whole, setWhole] = useState(false);
  const every = query.get("all") === "1";
  const words = (query.get("q") ?? "").toLowerCase();
  const asked = all.shown.slice(0, MOST_ENVIRONMENTS);
  const path = `runs/compare/environment?${new URLSearchParams(asked.map((one) => ["run", one.id]))}`;
  const around = useResource<Environment>(path, (signal) => get(path, signal)).value;
  const parts: Part[] = all.sections.map((section) => ({
    name: section.name,
    rows: section.keys.map(({ key }) => {
      const values = all.shown.map((one) => said(one.run, section.field, key));
      return { key, label: section.field === "tags" ? brief(key, section.keys.map((one) => one.key)) : undefined, values, differs: !same(values) };
    }),
  }));
  if (around) {
    const wide = (values: (string | null)[]): unknown[] => all.shown.map((_, i) => values[i]);
    const of = (found: Record<string, (string | null)[]>): Row[] => Object.entries(found).map(([key, values]) => ({ key, values: wide(values), differs: true }));
    parts.push({ name: "packages", rows: [...of(around.python), ...of(around.packages)] }, { name: "variables", rows: of(around.variables) });
  }
  const shown = parts.map((part) => ({ ...part, rows: part.rows.filter((row) => (every || row.differs) && row.key.toLowerCase().includes(words)) })).filter((part) => part.rows.length);
  const equal = parts.reduce((sum, part) => sum + part.rows.filter((row) => !row.differs).length, 0);
  let room = whole ? Infinity : Math.max(LEAST_ROWS, Math.floor(MOST_CELLS / all.shown.length));
  const drawn = shown.map((part) => {
    const rows = part.rows.slice(0, room);
    room -= rows.length;
    return { ...part, rows };
  });
  const left = shown.reduce((sum, part) => sum + part.rows.length, 0) - drawn.reduce((sum, part) => sum + part.rows.length, 0);
  const download = (): void => {
    const rows = shown.flatMap((part) => part.rows.map((row) => [part.name, row.key, ...row.values.map((one) => (typeof one === "number" ? one : text(one)))]));
    save(fileName(document.title.replace(" · Castalia", ""), "csv"), sheet([["part", "name", ...all.shown.map((one) => one.name)], ["run", "id", ...all.shown.map((one) => one.id)], ...rows]));
  };
  return (
    <section class="stack" aria-label="Differences">
      <div class="row">
        <input type="search" class="input narrow-search" placeholder="Search names" aria-label="Search names" value={query.get("q") ?? ""} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
        <label class="check">
          <input type="checkbox" checked={every} onChange={(event) => setQuery({ all: event.currentTarget.checked ? "1" : "" })} /> Show what is equal too
        </label>
        <button type="button" class="button little end" onClick={download}>
          CSV
        </button>
      </div>
      {shown.length ? (
        <div class="scroll differences" tabIndex={0} role="region" aria-label="What differs, table">
          <table class="dense">
            <caption class="hidden">What differs between {plural(all.shown.length, "run")}</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                {all.shown.map((one) => (
                  <th key={one.id} scope="col" data-run={one.id}>
                    <Swatch ink={one.ink} />
                    <bdi>{one.name}</bdi>
                  </th>
                ))}
              </tr>
            </thead>
            {drawn.filter((part) => part.rows.length).map((part) => (
              <tbody key={part.name}>
                <tr class="part">
                  <th scope="rowgroup" colSpan={all.shown.length + 1}>
                    <span>{titles[part.name] ?? part.name}</span>
                  </th>
                </tr>
                {part.rows.map((row) => (
                  <Line key={row.key} row={row} shown={all.shown} />
                ))}
              </tbody>
            ))}
          </table>
        </div>
      ) : (
        <p class="muted" role="status">
          {words ? `Nothing ${every ? "" : "that differs "}has “${words}” in its name.` : "Nothing that these runs say of themselves differs."}
        </p>
      )}
      {left > 0 && (
        <button type="button" class="button start" onClick={() => setWhole(true)}>
          Show {number(left)} more names
        </button>
      )}
      <p class="faint small">
        {!every && equal > 0 && `${plural(equal, "name is", "names are")} equal in all shown runs. `}
        {around && around.known.some((one) => !one) && `${plural(around.known.filter((one) => !one).length, "run")} kept no list of packages. `}
        {all.shown.length > MOST_ENVIRONMENTS && `Packages are those of the first ${MOST_ENVIRONMENTS} runs.`}
      </p>
    </section>
  );
}

function Line({ row, shown }: { row: Row; shown: Shown[] }) {
  const [open, setOpen] = useState(false);
  const long = row.differs && row.values.some((one) => typeof one === "string" && (one.length > LONG || one.includes("\n")));
  return (
    <>
      <tr class={row.differs ? "" : "equal"}>
        <th scope="row">
          <bdi title={row.key}>{row.label ?? row.key}</bdi>
          {long && (
            <button type="button" class="button quiet little" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? "Close the text" : "Compare the text"}
              <span class="hidden"> of {row.key}</span>
            </button>
          )}
        </th>
        {row.values.map((one, i) => (
          <Cell key={shown[i]!.id} value={one} />
        ))}
      </tr>
      {open && (
        <tr class="texts">
          <th scope="row">Against {shown[0]!.name}</th>
          {row.values.map((one, i) => (
            <td key={shown[i]!.id}>{i === 0 ? <bdi class="said">{text(one).slice(0, 8000)}</bdi> : <TextDiff from={text(row.values[0])} to={text(one)} />}</td>
          ))}
        </tr>
      )}
    </>
  );
}

function Cell({ value }: { value: unknown }) {
  if (typeof value === "number") return <td>{number(value)}</td>;
  const all = text(value);
  if (!all) return <td class="faint">–</td>;
  const shown = /^[0-9a-f]{40,64}$/.test(all) ? all.slice(0, 12) : all.length > LONG ? `${all.slice(0, LONG)}…` : /^-?\d+\.\d{6,}$/.test(all) ? number(Number(all)) : all;
  return (
    <td title={shown !== all ? all.slice(0, 2000) : undefined}>
      <bdi>{shown}</bdi>
    </td>
  );
}

function TextDiff({ from, to }: { from: string; to: string }) {
  if (from === to) return <span class="faint">the same</span>;
  return (
    <bdi class="said">
      {wordDiff(from, to).map((piece, i) => (piece.kind === "same" ? piece.text : piece.kind === "new" ? <ins key={i}>{piece.text}</ins> : <del key={i}>{piece.text}</del>))}
    </bdi>
  );
}
