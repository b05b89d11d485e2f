// Python cut into coloured pieces, lightly: comments, texts, numbers, keywords and the names that are defined.
const words = "and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield";
const constants = "True False None";
const piece = new RegExp(
  [
    "(#[^\\n]*)",
    "((?:\\b[rbfuRBFU]{1,2})?(?:\"\"\"[\\s\\S]*?(?:\"\"\"|$)|'''[\\s\\S]*?(?:'''|$)|\"(?:\\\\.|[^\"\\\\\\n])*\"?|'(?:\\\\.|[^'\\\\\\n])*'?))",
    "(?:\\b(def|class)\\b([ \\t]+)(\\w+))",
    `\\b(${words.replaceAll(" ", "|")})\\b`,
    `\\b(${constants.replaceAll(" ", "|")}|\\d[\\w.]*)\\b`,
  ].join("|"),
  "g",
);
const MOST = 40_000;

/** [class, text]; the empty class is plain. A very long text stays plain, so that typing stays quick. */
export function pieces(text: string): [string, string][] {
  if (text.length > MOST) return [["", text]];
  const out: [string, string][] = [];
  let at = 0;
  for (const found of text.matchAll(piece)) {
    const [whole, comment, quoted, def, gap, name, keyword, value] = found;
    if (found.index > at) out.push(["", text.slice(at, found.index)]);
    at = found.index + whole.length;
    if (comment !== undefined) out.push(["py-comment", comment]);
    else if (quoted !== undefined) out.push(["py-text", quoted]);
    else if (def !== undefined) out.push(["py-word", def], ["", gap ?? ""], ["py-name", name ?? ""]);
    else if (keyword !== undefined) out.push(["py-word", keyword]);
    else out.push(["py-value", value ?? ""]);
  }
  if (at < text.length) out.push(["", text.slice(at)]);
  return out;
}
