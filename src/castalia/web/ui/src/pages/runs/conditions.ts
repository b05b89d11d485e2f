// The language of filters, as far as the page writes it: names, values and conditions (docs/search.md).

const bare = /^[\p{L}\p{N}_/@:#$-]+(\.[\p{L}\p{N}_/@:#$-]+)*$/u;

/** metrics.loss, metrics.`val loss`: a name as a filter and the list of columns want it. A key with ` and " cannot be written. */
export function written(id: string): string {
  const at = id.indexOf(".");
  if (at < 0) return id;
  const key = id.slice(at + 1);
  const mark = key.includes("`") ? '"' : "`";
  return id.slice(0, at + 1) + (bare.test(key) ? key : mark + key + mark);
}

export const writable = (id: string): boolean => !(id.includes("`") && id.includes('"'));

/** A text between quotes. There is no escape in the language: a text with both kinds is matched with _ for one. */
function equals(value: string): string {
  if (!value.includes("'")) return `= '${value}'`;
  return value.includes('"') ? `LIKE '${value.replace(/'/g, "_")}'` : `= "${value}"`;
}

export function condition(id: string, value: unknown, how = "="): string {
  if (typeof value === "number") return `${written(id)} ${how} ${value}`;
  if (value === null || value === undefined || value === "") return `${written(id)} IS NULL`;
  return `${written(id)} ${equals(String(value))}`;
}

export const all = (conditions: string[]): string => (conditions.length > 1 ? conditions.map((one) => `(${one})`).join(" AND ") : (conditions[0] ?? ""));

export type Kind = "none" | "words" | "begun" | "filter";

const operator = /[<>=!]|\bis\s+(not\s+)?null\b|\bin\s*\(|\bi?like\s|\bbetween\s/i;
const named = /^[\s(]*(not\s+)?(metrics?|params?|parameters?|tags?|attributes?|attr|datasets?|run)\./i;

const opening = /^\s*(metri?c?s?|params?|tags|status|experiment|started|ended|system|owner|user_id|run_id|parent)\.?\s*$/i;

/** What a typed text is: words to look for, a filter, or the beginning of one. */
export function kindOf(text: string): Kind {
  if (!text.trim()) return "none";
  if (operator.test(text.replace(/'[^']*'?|"[^"]*"?|`[^`]*`?/g, (piece) => (piece[0] === "`" ? "x" : "'x'")))) return "filter";
  return named.test(text) || opening.test(text) ? "begun" : "words";
}
