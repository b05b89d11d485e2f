// What is in a file, as far as a page can show it. Nothing of a file ever runs: text is text, markup is in a closed frame.
import type { ComponentChildren } from "preact";
import { useErrorBoundary, useMemo, useState } from "preact/hooks";
import { get, part, request, url } from "../../api";
import { Code } from "../../components/code";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { DataTable } from "../../components/table";
import { parse } from "../../csv";
import { bytes, number, plural } from "../../format";
import { LazyFigure, Markdown } from "../../parts";
import { useResource } from "../../resource";
import type { Artifact, Figure } from "../../types";
import { Diff } from "./diff";
import { fileAt } from "./files";
import { Frame } from "./frame";
import { Pictures } from "./pictures";
import { Folded } from "./folded";
import { Model } from "./mlmodel";

const KIB = 1024;
const TEXT = 256 * KIB;
const TABLE = 2048 * KIB;
const ROWS = 1000;
const COLUMNS = 60;

interface Props {
  file: Artifact;
  files: Artifact[];
  /** The address of the run or the version that has them. */
  at: string;
}

export function Preview(props: Props) {
  const [wrong, retry] = useErrorBoundary();
  if (wrong)
    return (
      <p class="notice">
        This file could not be shown as what its name says.{" "}
        <button type="button" class="button little" onClick={retry}>
          Try again
        </button>
      </p>
    );
  return <Kind {...props} />;
}

function Kind({ file, files, at }: Props) {
  const name = file.name.toLowerCase();
  const base = name.slice(name.lastIndexOf("/") + 1);
  const address = fileAt(at, file.name);
  const is = (pattern: RegExp): boolean => pattern.test(base);
  if (file.size === 0) return <p class="muted">It is empty.</p>;
  if (is(/\.(png|jpe?g|gif|webp)$/)) return <Pictures file={file} files={files} at={at} />;
  if (is(/\.(mp3|wav|ogg|oga|flac|m4a)$/)) return <audio controls preload="metadata" src={url(address)} aria-label={file.name} />;
  if (is(/\.(mp4|webm|ogv|mov)$/)) return <video controls preload="metadata" class="video" src={url(address)} aria-label={file.name} />;
  if (is(/\.svg$/)) return <Text address={address} size={file.size} most={TABLE} whole>{(text) => <Frame text={text} kind="svg" title={file.name} />}</Text>;
  if (is(/\.html?$/)) return <Text address={address} size={file.size} most={TABLE} whole>{(text) => <Frame text={text} kind="html" title={file.name} />}</Text>;
  if (is(/\.figure\.json$/)) return <Text address={address} size={file.size} most={20 * TABLE} whole>{(text) => <Drawn text={text} />}</Text>;
  if (is(/\.json$/)) return <Text address={address} size={file.size} most={TABLE}>{(text, cut) => <Json text={text} cut={cut} what={file.name} />}</Text>;
  if (is(/\.(csv|tsv)$/)) return <Text address={address} size={file.size} most={TABLE}>{(text, cut) => <Sheet text={text} cut={cut} separator={base.endsWith("tsv") ? "\t" : ","} what={file.name} />}</Text>;
  if (is(/\.(md|markdown)$/)) return <Text address={address} size={file.size} most={TEXT}>{(text) => <Markdown text={text.replace(/^---\n[\s\S]*?\n---\n/, "")} top={3} />}</Text>;
  if (base === "mlmodel") return <Text address={address} size={file.size} most={TEXT}>{(text) => <Model text={text} />}</Text>;
  if (is(/\.(patch|diff)$/)) return <Text address={address} size={file.size} most={TEXT}>{(text) => <Diff text={text} />}</Text>;
  if (is(/\.parquet$/)) return <Rows at={at} name={file.name} />;
  if (is(/\.(arrow|feather|npy|npz|safetensors|onnx|pkl|pickle|pt|pth|bin|zip|gz|tar|pdf|h5|db|joblib|skops)$/))
    return (
      <p class="muted">
        A browser cannot show this kind of file{is(/\.(pkl|pickle|joblib|pt|pth|bin)$/) ? ", and a pickle runs what is in it when it is opened" : ""}. Download it instead.
      </p>
    );
  return <Text address={address} size={file.size} most={TEXT}>{(text) => <Plain text={text} what={file.name} />}</Text>;
}

interface FirstRows {
  columns: { name: string; type: string }[];
  rows: unknown[][];
  total_rows: number;
  total_columns: number;
}

/** What the server read of a table that a browser cannot. */
function Rows({ at, name }: { at: string; name: string }) {
  const address = `${at}/rows/${name.split("/").map(part).join("/")}`;
  const { value, problem, again } = useResource<FirstRows>(address, (signal) => get(address, signal));
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the first rows" />;
  const cut = value.rows.length < value.total_rows;
  const said = [`${cut ? "The first " : ""}${number(value.rows.length)}${cut ? ` of ${number(value.total_rows)}` : ""} ${value.total_rows === 1 ? "row" : "rows"}`, value.columns.length < value.total_columns ? `the first ${value.columns.length} of ${plural(value.total_columns, "column")}` : plural(value.total_columns, "column")];
  return (
    <div class="stack tight">
      <DataTable caption={name} columns={value.columns.map((one) => one.name)} rows={value.rows} limit={value.rows.length} />
      <p class="faint small">{said.join(", ")}.</p>
      <details>
        <summary>Types of the columns</summary>
        <DataTable caption={`${name}: types`} columns={["Column", "Type"]} rows={value.columns.map((one) => [one.name, one.type])} />
      </details>
    </div>
  );
}

interface TextProps {
  address: string;
  size: number | undefined;
  most: number;
  /** Half of it would be worth nothing. */
  whole?: boolean;
  children: (text: string, cut: boolean) => ComponentChildren;
}

/** The first bytes of a file as text, and a word where there is more. */
export function Text({ address, size, most, whole = false, children }: TextProps) {
  const cut = size !== undefined && size > most;
  const skip = whole && cut;
  const { value, problem, again } = useResource<string>(skip ? "" : `${address}#${most}#${size}`, async (signal) => {
    const answer = await request(address, { signal, ...(cut ? { headers: { range: `bytes=0-${most - 1}` } } : {}) });
    const text = new TextDecoder().decode(await answer.arrayBuffer());
    return cut ? text.replace(/�+$/, "") : text;
  });
  if (skip) return <p class="muted">It is {bytes(size ?? 0)}, more than a page can show. Download it instead.</p>;
  if (value === undefined) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the file" />;
  return (
    <>
      {cut && (
        <p class="notice small" role="status">
          The first {most / KIB} KiB of {bytes(size ?? 0)}.
        </p>
      )}
      {children(value, cut)}
    </>
  );
}

function Plain({ text, what }: { text: string; what: string }) {
  const strange = text.slice(0, 4096).replace(/[^\u0000-\u0008\u000e-\u001a\ufffd]/g, "").length;
  if (strange > 8 && strange > text.slice(0, 4096).length / 50) return <p class="muted">This is no text. Download it instead.</p>;
  return <Code text={text} what={what} />;
}

function Json({ text, cut, what }: { text: string; cut: boolean; what: string }) {
  const [raw, setRaw] = useState(false);
  const value = useMemo((): unknown => {
    try {
      return cut ? undefined : JSON.parse(text);
    } catch {
      return undefined;
    }
  }, [text, cut]);
  const plotly = typeof value === "object" && value !== null && Array.isArray((value as Record<string, unknown>).data) && "layout" in value;
  if (value === undefined) return <Code text={text.slice(0, TEXT)} what={what} />;
  if (plotly && !raw) return <Drawn text={JSON.stringify({ title: what, kind: "plotly", data: value })} />;
  return (
    <div class="stack tight">
      <button type="button" class="button quiet little start" aria-pressed={raw} onClick={() => setRaw(!raw)}>
        {raw ? "Folded" : "As text"}
      </button>
      {raw ? <Code text={text.slice(0, TEXT)} what={what} /> : <Folded value={value} />}
    </div>
  );
}

function Drawn({ text }: { text: string }) {
  const figure = JSON.parse(text) as Figure;
  if (typeof figure !== "object" || figure === null || typeof figure.kind !== "string") throw new Error("no figure");
  return <LazyFigure figure={{ ...figure, title: String(figure.title ?? ""), caption: String(figure.caption ?? "") }} />;
}

/** A table; a formula in it is text like everything else. */
function Sheet({ text, cut, separator, what }: { text: string; cut: boolean; separator: string; what: string }) {
  const rows = useMemo(() => parse(text, ROWS + 2, separator), [text, separator]);
  const [head = [], ...all] = rows;
  if (cut && rows.length < ROWS + 2) all.pop();
  const body = all.slice(0, ROWS).map((row) => row.slice(0, COLUMNS));
  const said = [all.length > ROWS || cut ? `The first ${plural(body.length, "row")}` : plural(body.length, "row"), head.length > COLUMNS ? `the first ${COLUMNS} of ${head.length} columns` : plural(head.length, "column")];
  return (
    <div class="stack tight">
      <DataTable caption={what} columns={head.slice(0, COLUMNS)} rows={body} limit={ROWS} />
      <p class="faint small">{said.join(", ")}.</p>
    </div>
  );
}
