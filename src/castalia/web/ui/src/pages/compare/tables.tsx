// The same CSV file of two runs, cell by cell: rows are told by a column that is unique in both, or by their order.
import { request } from "../../api";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { parse, save } from "../../csv";
import { number, plural } from "../../format";
import { useResource } from "../../resource";
import { setQuery, usePlace } from "../../router";
import { fileAddress } from "../run/files";
import { sheet } from "../run/sheet";
import type { Comparison } from "./comparison";
import { fileName } from "./export";
import { Pair, usePair } from "./pair";
import { MOST_LOOKED, type SharedFile, useShared } from "./shared";
import { aligned } from "./textdiff";

const CAP = 512 * 1024;
const MOST_ROWS = 2000;
const SHOWN = 300;

export interface TableDiff {
  columns: string[];
  key: string;
  rows: { kind: "same" | "changed" | "old" | "new"; cells: { old?: string | undefined; now?: string | undefined; changed: boolean }[] }[];
}

/** Two tables as one: columns by name, rows by `key`, or by order where none tells them apart. */
export function tableDiff(a: string[][], b: string[][], key = ""): TableDiff {
  const [headA = [], headB = []] = [a[0], b[0]];
  const columns = [...headA, ...headB.filter((one) => !headA.includes(one))];
  const unique = (rows: string[][], at: number): boolean => at >= 0 && new Set(rows.slice(1).map((row) => row[at])).size === rows.length - 1;
  const able = columns.filter((one) => unique(a, headA.indexOf(one)) && unique(b, headB.indexOf(one)));
  const used = able.includes(key) ? key : key === "" ? (able[0] === headA[0] ? able[0] ?? "" : "") : "";
  const names = (rows: string[][], head: string[]): string[] => rows.slice(1).map((row, i) => (used ? row[head.indexOf(used)]! : String(i)));
  const rows = aligned(names(a, headA), names(b, headB)).map(([i, j]): TableDiff["rows"][number] => {
    const cells = columns.map((name) => {
      const old = i < 0 ? undefined : a[i + 1]![headA.indexOf(name)];
      const now = j < 0 ? undefined : b[j + 1]![headB.indexOf(name)];
      return { old, now, changed: i >= 0 && j >= 0 && old !== now };
    });
    return { kind: i < 0 ? "new" : j < 0 ? "old" : cells.some((one) => one.changed) ? "changed" : "same", cells };
  });
  return { columns, key: used, rows };
}

export function Tables({ all }: { all: Comparison }) {
  const { value, problem, again } = useShared(all.shown, /\.csv$/i);
  const { query } = usePlace();
  if (problem) return <ProblemBox problem={problem} again={again} />;
  if (!value) return <Loading what="the list of tables" />;
  if (!value.length) return <p class="muted">No two of the {all.shown.length > MOST_LOOKED ? `first ${MOST_LOOKED} ` : ""}shown runs have a CSV file of the same name.</p>;
  const file = value.find((one) => one.name === query.get("file")) ?? value[0]!;
  return (
    <section class="stack" aria-label="Tables">
      <div class="control picking">
        <label class="label" for="table-file">
          Table
        </label>
        <select id="table-file" class="input" value={file.name} onChange={(event) => setQuery({ file: event.currentTarget.value, key: "" })}>
          {value.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name} ({one.runs.length})
            </option>
          ))}
        </select>
      </div>
      <Two key={file.name} file={file} />
    </section>
  );
}

async function head(id: string, name: string, signal: AbortSignal): Promise<{ rows: string[][]; cut: boolean }> {
  const answer = await request(fileAddress(id, name), { headers: { range: `bytes=0-${CAP - 1}` }, signal });
  const text = await answer.text();
  const whole = Number(answer.headers.get("content-range")?.split("/")[1] ?? text.length);
  const rows = parse(text, MOST_ROWS + 2);
  // The last row of a part may be cut in the middle.
  const cut = whole > CAP || rows.length > MOST_ROWS + 1;
  return { rows: cut ? rows.slice(0, Math.min(rows.length - 1, MOST_ROWS + 1)) : rows, cut };
}

function Two({ file }: { file: SharedFile }) {
  const [a, b] = usePair(file.runs);
  const { query } = usePlace();
  const path = `tables ${a.id} ${b.id} ${file.name}`;
  const { value, problem, again } = useResource(path, (signal) => Promise.all([head(a.id, file.name, signal), head(b.id, file.name, signal)]));
  const diff = value && tableDiff(value[0].rows, value[1].rows, query.get("key") ?? "");
  const count = (kind: string): number => diff?.rows.filter((one) => one.kind === kind).length ?? 0;
  const every = query.get("all") === "1";
  const shown = diff?.rows.filter((one) => every || one.kind !== "same") ?? [];
  return (
    <>
      <Pair runs={file.runs} a={a} b={b} />
      {problem && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="both tables" />}
      {diff && (
        <>
          <div class="row">
            <div class="control picking">
              <label class="label" for="table-key">
                Rows are told apart by
              </label>
              <select id="table-key" class="input" value={diff.key} onChange={(event) => setQuery({ key: event.currentTarget.value || "-" })}>
                <option value="">their order</option>
                {diff.columns.map((one) => (
                  <option key={one} value={one}>
                    {one}
                  </option>
                ))}
              </select>
            </div>
            <label class="check end">
              <input type="checkbox" checked={every} onChange={(event) => setQuery({ all: event.currentTarget.checked ? "1" : "" })} /> Show equal rows too
            </label>
            <button type="button" class="button little" onClick={() => save(fileName(`${file.name} ${a.name} ${b.name}`, "csv"), sheet([["row", ...diff.columns.flatMap((one) => [`${one} (left)`, `${one} (right)`])], ...diff.rows.map((row) => [row.kind, ...row.cells.flatMap((cell) => [cell.old ?? "", cell.now ?? ""])])]))}>
              CSV
            </button>
          </div>
          <p class="small" role="status">
            {plural(count("changed"), "row")} changed, {number(count("new"))} only on the right, {number(count("old"))} only on the left, {number(count("same"))} equal.
            {value!.some((one) => one.cut) && <span class="muted"> Of a long table the first {number(MOST_ROWS)} rows or 512 kB are compared.</span>}
          </p>
          {shown.length > 0 && (
            <div class="scroll tall" tabIndex={0} role="region" aria-label={`${file.name}, differences`}>
              <table class="dense cells">
                <caption class="hidden">
                  {file.name} of {a.name} and {b.name}
                </caption>
                <thead>
                  <tr>
                    <th scope="col">Row</th>
                    {diff.columns.map((one, i) => (
                      <th key={i} scope="col">
                        <bdi>{one}</bdi>
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {shown.slice(0, SHOWN).map((row, i) => (
                    <tr key={i} class={row.kind}>
                      <td>{{ same: "equal", changed: "changed", old: "− left", new: "+ right" }[row.kind]}</td>
                      {row.cells.map((cell, j) => (
                        <td key={j}>
                          {cell.changed ? (
                            <>
                              <del>{cell.old || "–"}</del> <ins>{cell.now || "–"}</ins>
                            </>
                          ) : (
                            (cell.now ?? cell.old ?? "–")
                          )}
                        </td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {shown.length > SHOWN && <p class="faint small">The first {SHOWN} of {plural(shown.length, "row")}; the CSV has all.</p>}
        </>
      )}
    </>
  );
}

