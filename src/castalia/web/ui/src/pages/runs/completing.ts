// What may come next in a filter: names where a name can stand, operators behind a name, values behind an operator.
import type { Names } from "./columns";
import { written } from "./conditions";

export interface Offer {
  label: string;
  kind: string;
  /** What takes the place of the text from `from` to the caret. */
  text: string;
  from: number;
}

const attributes = ["status", "experiment", "name", "started", "ended", "system", "owner", "user_id", "run_id", "parent", "dataset.name", "dataset.digest", "dataset.context"];
const times = ["'1 hours ago'", "'1 days ago'", "'7 days ago'"];
const statuses = ["running", "queued", "done", "failed", "cancelled"];
const joints = ["AND", "OR"];
const MOST = 12;

const token = /\s+|'[^']*'?|"[^"]*"?|(?:[^\W\d]|`)(?:`[^`]*`?|[\w./\-:@#$])*|[+-]?[\d.]+(?:e[+-]?\d+)?|[<>=!~]+|[(),]|./giu;

export function offers(text: string, caret: number, names: Names | undefined, experiments: string[]): Offer[] {
  const before = text.slice(0, caret);
  const tokens = [...before.matchAll(token)].map((one) => ({ text: one[0], at: one.index }));
  const last = tokens[tokens.length - 1];
  const typing = last !== undefined && /^[\p{L}`_'"]/u.test(last.text) ? last : undefined;
  const full = tokens.filter((one) => /\S/.test(one.text) && one !== typing);
  const previous = full[full.length - 1]?.text ?? "";
  const from = typing?.at ?? caret;
  const part = (typing?.text ?? "").toLowerCase();
  const offer = (labels: string[], kind: string, tail = " "): Offer[] =>
    labels.filter((one) => one.toLowerCase().startsWith(part) && one.toLowerCase() !== part).map((one) => ({ label: one, kind, text: one + tail, from }));

  if (/^[<>=!~]+$/.test(previous) || /^(i?like)$/i.test(previous)) {
    const name = full[full.length - 2]?.text.replace(/^attributes?\./i, "").toLowerCase() ?? "";
    if (name === "status") return offer(statuses.map((one) => `'${one}'`), "status");
    if (name === "experiment") return offer(experiments.slice(0, 200).filter((one) => !one.includes("'")).map((one) => `'${one}'`), "experiment").slice(0, MOST);
    if (name === "started" || name === "ended") return offer(times, "time");
    return [];
  }
  const isName = /^[\p{L}`_]/u.test(previous) && !/^(and|or|not|in|is|null|like|ilike|between)$/i.test(previous);
  if (isName) {
    const number = /^metrics?\./i.test(previous);
    const some = number ? ["<", "<=", ">", ">=", "=", "!=", "BETWEEN", "IS NOT NULL"] : /^(started|ended)$/i.test(previous) ? [">", "<", "BETWEEN", "IS NULL"] : ["=", "!=", "LIKE", "ILIKE", "IN", "IS NULL", "IS NOT NULL", "<", ">"];
    return offer(some, "operator");
  }
  const ended = /^(['"]|[+-]?[\d.])/.test(previous) || previous === ")" || /^null$/i.test(previous);
  if (ended) return typing || /\s$/.test(before) ? offer(joints, "") : [];
  if (typing && /^['"]/.test(typing.text)) return [];
  const known: [string, string, { name: string; runs: number }[]][] = names ? [["metrics.", "metric", names.metrics], ["params.", "param", names.params], ["tags.", "tag", names.tags]] : [];
  const bare = part.replace(/^(metrics?|params?|tags?)\./, "").replace(/`/g, "");
  const only = /^(metric|param|tag)s?\./.exec(part)?.[1];
  const found: Offer[] = only ? [] : offer(attributes, "attribute");
  for (const [start, kind, list] of known) {
    if (only && kind !== only) continue;
    const fits = list.filter((one) => one.name.toLowerCase().includes(bare)).sort((a, b) => Number(b.name.toLowerCase().startsWith(bare)) - Number(a.name.toLowerCase().startsWith(bare)));
    for (const one of fits.slice(0, only ? MOST : 5)) {
      const label = written(start + one.name);
      if (label.toLowerCase() !== part) found.push({ label, kind: `${kind}, ${one.runs.toLocaleString("en")} runs`, text: `${label} `, from });
    }
  }
  return found.slice(0, MOST);
}
