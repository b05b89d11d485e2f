// Tags as lines of "name: value", for a box of text; those that a line cannot say stay out of it and as they are.

type Tags = Record<string, unknown>;

export interface Lines {
  text: string;
  /** Names of the tags that are in the text. */
  inside: string[];
  /** Names of those that are not: a colon in the name, a line break, blanks at an end. */
  outside: string[];
}

function parsed(text: string): [string, string][] {
  const lines = text.split(/\r\n|\r|\n/).map((one) => one.trim()).filter(Boolean);
  return lines.map((line) => {
    const at = line.indexOf(":");
    return at < 0 ? [line, "true"] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

export function linesOf(tags: Tags): Lines {
  const made: Lines = { text: "", inside: [], outside: [] };
  const lines: string[] = [];
  for (const [key, value] of Object.entries(tags)) {
    const line = `${key}: ${String(value)}`;
    const [first, second] = parsed(line);
    const same = first && !second && first[0] === key && first[1] === String(value);
    made[same ? "inside" : "outside"].push(key);
    if (same) lines.push(line);
  }
  return { ...made, text: lines.join("\n") };
}

/** What PATCH wants for `text` in the place of `before`: new values, and null for what is gone. Other tags are not touched. */
export function changesOf(tags: Tags, before: Lines, text: string): Record<string, string | null> {
  if (text === before.text) return {};
  const wanted = new Map(parsed(text));
  const changes: Record<string, string | null> = {};
  for (const [key, value] of wanted) if (!Object.hasOwn(tags, key) || String(tags[key]) !== value) changes[key] = value;
  for (const key of before.inside) if (!wanted.has(key)) changes[key] = null;
  return changes;
}
