// MLflow's description of a model, as far as a person asks: flavours, signature, how it is loaded.
import { Code } from "../../components/code";
import { DataTable } from "../../components/table";

export interface Described {
  flavors: { name: string; facts: [string, string][] }[];
  signature: { part: string; columns: { name: string; type: string; required: boolean }[] }[];
  facts: [string, string][];
}

/** More is not what MLflow writes, and looking for the end of a text takes longer with each line. */
const MOST_LINES = 5000;
const LONGEST = 100_000;

const bare = (text: string): string => {
  const one = text.trim();
  if (/^'.*'$/s.test(one)) return one.slice(1, -1).replace(/''/g, "'");
  if (/^".*"$/s.test(one)) return one.slice(1, -1).replace(/\\"/g, '"');
  return one;
};

/** The plain YAML that MLflow writes: names, values, blocks two spaces further in; long values go on in the next line. */
export function described(text: string): Described {
  const lines: [number, string, string][] = [];
  for (const line of text.split("\n", MOST_LINES)) {
    const found = /^( *)([\w.-]+):(?: (.*))?$/.exec(line);
    const last = lines[lines.length - 1];
    const going = last && /^['"]/.test(last[2]) && !/^(['"]).*\1$/s.test(last[2]);
    if (found && !going) lines.push([found[1]!.length, found[2]!, found[3] ?? ""]);
    else if (last && line.trim() && last[2].length < LONGEST) last[2] += ` ${line.trim()}`;
  }
  const made: Described = { flavors: [], signature: [], facts: [] };
  let block = "";
  for (const [depth, name, value] of lines) {
    if (depth === 0) {
      block = name;
      if (value && !["flavors", "signature"].includes(name)) made.facts.push([name, bare(value)]);
    } else if (block === "flavors" && depth === 2) made.flavors.push({ name, facts: [] });
    else if (block === "flavors" && depth === 4 && value && value !== "null") made.flavors[made.flavors.length - 1]?.facts.push([name, bare(value)]);
    else if (block === "signature" && depth === 2 && value && value !== "null") made.signature.push({ part: name, columns: columns(bare(value)) });
  }
  return made;
}

function columns(text: string): Described["signature"][number]["columns"] {
  try {
    const found = JSON.parse(text) as Record<string, unknown>[];
    return found.map((one) => {
      const tensor = one["tensor-spec"] as Record<string, unknown> | undefined;
      const type = tensor ? `${String(tensor.dtype)} ${JSON.stringify(tensor.shape)}` : String(one.type ?? "");
      return { name: String(one.name ?? ""), type, required: one.required !== false };
    });
  } catch {
    return [];
  }
}

export function Model({ text }: { text: string }) {
  const model = described(text);
  return (
    <div class="stack">
      <div class="stack tight">
        <h3>Flavours</h3>
        {model.flavors.map((one) => (
          <details key={one.name}>
            <summary>{one.name}</summary>
            <dl class="facts long">
              {one.facts.map(([name, value]) => (
                <>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </>
              ))}
            </dl>
          </details>
        ))}
      </div>
      <div class="stack tight">
        <h3>Signature</h3>
        {!model.signature.length && <p class="muted">It names no input and no output.</p>}
        {model.signature.map((one) => (
          <DataTable key={one.part} caption={one.part} tall={false} columns={[one.part, "Type", "Required"]} rows={one.columns.map((column) => [column.name || "(the whole)", column.type, column.required])} />
        ))}
      </div>
      <details>
        <summary>The file</summary>
        <Code text={text} what="MLmodel" />
      </details>
    </div>
  );
}
