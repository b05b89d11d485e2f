import { useState } from "preact/hooks";
import { Problem, part, request, url } from "../api";
import { Code } from "../components/code";
import { FileDrop } from "../components/file-drop";
import { FileButton } from "../components/file-field";
import { ProblemBox } from "../components/problem";
import { DataTable } from "../components/table";
import { parse, save, write } from "../csv";
import { bytes, duration } from "../format";
import { fieldsOf, startOf } from "../schema";
import type { TabProps } from "./system";

interface Done {
  file: string;
  text: string;
  rows: string[][];
  warnings: string[];
  model: string;
  seconds: number;
}

/** A whole CSV in, the same rows with their answers out. */
export function BatchTab({ system, address }: TabProps) {
  const [busy, setBusy] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [done, setDone] = useState<Done>();
  const path = `systems/${part(address)}:predict`;

  const take = async (file: File): Promise<void> => {
    setBusy(`Reading ${file.name}, ${bytes(file.size)}…`);
    setProblem(undefined);
    setDone(undefined);
    const given = new Set(parse(await file.slice(0, 200_000).text(), 1)[0]);
    const started = performance.now();
    try {
      const answer = await request(path, { method: "POST", headers: { "content-type": "text/csv", accept: "text/csv" }, body: file });
      const text = await answer.text();
      const warned = answer.headers.get("x-castalia-warnings") ?? "";
      setDone({
        file: file.name.replace(/\.csv$/i, ""),
        text,
        rows: answersFirst(parse(text, 201), given),
        warnings: warned ? readWarnings(warned) : [],
        model: answer.headers.get("x-castalia-model") ?? "",
        seconds: (performance.now() - started) / 1000,
      });
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
    setBusy("");
  };
  const template = (): void => {
    const names = fieldsOf(system.input).map((one) => one.name);
    const example = startOf(system.input, system.example);
    save(`${system.name}-template.csv`, write([names, names.map((name) => example[name])]));
  };
  return (
    <div class="stack loose">
      <FileDrop class="drop stack" onFile={(file) => void take(file)}>
        <p>Drop a CSV with a row for each question. Columns that the model does not know are left out, and named.</p>
        <div class="row">
          <FileButton class="first" label="Choose a CSV" accept=".csv,text/csv" onFile={(file) => void take(file)} />
          <button type="button" class="button" onClick={template}>
            Download a template
          </button>
        </div>
        <p class="small muted" role="status">
          {busy}
        </p>
      </FileDrop>
      {problem && <ProblemBox problem={problem} summary />}
      {done && (
        <section class="stack" aria-label="Answers">
          <div class="row apart">
            <h2>Answers</h2>
            <button type="button" class="button" onClick={() => save(`${done.file}-${system.name}.csv`, done.text)}>
              Download the CSV
            </button>
          </div>
          <p class="small muted">
            {done.model && <span class="chip accent">{done.model}</span>} {duration(done.seconds)}
          </p>
          {done.warnings.length > 0 && (
            <ul class="small">
              {done.warnings.map((one, i) => (
                <li key={i}>{one}</li>
              ))}
            </ul>
          )}
          <DataTable caption="Answers, the first 200 rows" columns={done.rows[0] ?? []} rows={done.rows.slice(1)} />
        </section>
      )}
      <details open>
        <summary>The same in shell and curl</summary>
        <div class="stack tight">
          <Code text={`castalia predict ${address.replace("~", "/")} rows.csv > answers.csv`} what="the line for the shell" wrap />
          <Code text={`curl ${location.origin}${url(path)} -H 'content-type: text/csv' --data-binary @rows.csv`} what="the line with curl" wrap />
        </div>
      </details>
    </div>
  );
}

/** For the eye the answers stand left of what was asked; the file keeps its order. */
function answersFirst(rows: string[][], given: Set<string>): string[][] {
  const names = rows[0] ?? [];
  const order = names.map((_, i) => i).sort((a, b) => Number(given.has(names[a]!)) - Number(given.has(names[b]!)) || a - b);
  return rows.map((row) => order.map((i) => row[i] ?? ""));
}

function readWarnings(text: string): string[] {
  try {
    const found: unknown = JSON.parse(text);
    if (Array.isArray(found)) return found.map(String);
  } catch {
    // a plain sentence
  }
  return [text];
}
