// Lessons: the part of Markdown that prose needs, drawn as elements. No HTML passes: what is not understood is text.
import type { ComponentChildren } from "preact";
import { useErrorBoundary, useLayoutEffect } from "preact/hooks";
import { Code } from "./components/code";
import { pieces } from "./python";
import { usePlace } from "./router";

/** Where a lesson's own links and pictures lead; what it does not know stays text. */
export interface Book {
  href: (to: string) => string | undefined;
  picture: (to: string) => string | undefined;
}

const lone: Book = { href: () => undefined, picture: () => undefined };

/** A longer paragraph, and what is nested deeper, is shown as text. */
const LONGEST = 20_000;
const DEEPEST = 20;

// Anybody's note is drawn with it: each repetition has an end, so that the time grows with the text and not with its square.
const inline = /(`{1,20})([\s\S]{1,5000}?)\1|!\[([^\]\n]{0,500})\]\(([^()\s]{1,2000})(?:\s[^)\n]{0,300})?\)|\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})(?:\s[^)\n]{0,300})?\)|\*\*([\s\S]{1,2000}?)\*\*|(?<![\w*])[*_](?=\S)([\s\S]{1,1000}?\S|\S)[*_](?!\w)|<(https?:\/\/[^>\s]{1,2000})>/;

/** Emphasis, code and links of one paragraph. */
export function spans(text: string, book: Book = lone, depth = 0): ComponentChildren[] {
  if (text.length > LONGEST || depth > DEEPEST) return [text];
  const out: ComponentChildren[] = [];
  let rest = text;
  for (let match = inline.exec(rest); match; match = inline.exec(rest)) {
    out.push(rest.slice(0, match.index));
    const [whole, , code, alt, source, label, to, strong, soft, bare] = match;
    if (code !== undefined) out.push(<code>{code.trim()}</code>);
    else if (alt !== undefined) out.push(picture(alt, book.picture(source ?? "")));
    else if (label !== undefined) out.push(anchor(to ?? "", spans(label, book, depth + 1), book));
    else if (strong !== undefined) out.push(<strong>{spans(strong, book, depth + 1)}</strong>);
    else if (soft !== undefined) out.push(<em>{spans(soft, book, depth + 1)}</em>);
    else out.push(anchor(bare ?? "", bare, book));
    rest = rest.slice(match.index + whole.length);
  }
  out.push(rest);
  return out;
}

function picture(alt: string, source: string | undefined): ComponentChildren {
  if (!source) return alt && <em>[{alt}]</em>;
  return (
    <span class="drawing" tabIndex={0} role="group" aria-label="A figure, wider than a narrow page">
      <img src={source} alt={alt} />
    </span>
  );
}

function anchor(to: string, label: ComponentChildren, book: Book): ComponentChildren {
  const ours = book.href(to);
  if (ours) return <a href={ours}>{label}</a>;
  if (!/^https?:\/\//.test(to)) return <span>{label}</span>;
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      {label}
      <span class="hidden"> (opens in a new tab)</span>
    </a>
  );
}

const starts = /^(#{1,6}\s|```|~~~|>|\s*([-*+]|\d+[.)])\s|\||(\*\*\*|---|___)\s*$)/;

/** The id of a heading. */
export const slug = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N}\- ]/gu, "").replaceAll(" ", "-");

/** Goes to the heading that the address names (`at`), once it is there. */
export function useHeading(ready: unknown): void {
  const at = usePlace().query.get("at") ?? "";
  useLayoutEffect(() => {
    const heading = at && ready ? document.getElementById(slug(at)) : null;
    heading?.scrollIntoView({ block: "start" });
    heading?.focus({ preventScroll: true });
  }, [at, ready]);
}

/** The headings of a level, for a table of contents. */
export function headings(text: string, level: number): string[] {
  const plain = text.replace(/^(```+|~~~+)[\s\S]*?^\1/gm, "");
  return [...plain.matchAll(/^(#+)\s+(.*?)\s*#*$/gm)].filter((one) => one[1]!.length === level).map((one) => one[2]!);
}

interface Props {
  text: string;
  top?: number;
  book?: Book;
}

/** A text that cannot be drawn is shown as text, and the page around it stays. */
export function Markdown(props: Props) {
  const [wrong, retry] = useErrorBoundary();
  useLayoutEffect(() => wrong && retry(), [props.text]);
  return wrong ? <div class="lesson said">{props.text}</div> : <Drawn {...props} />;
}

function Drawn({ text, top = 2, book = lone }: Props) {
  // A comment says which code of ours a block shows: that is kept, as the block's name. Other comments are not shown.
  const named = text.replace(/\r/g, "").replace(/<!-- code: (.{0,300}?) -->\n(```+python)/g, "$2 $1");
  return <div class="lesson">{blocks(uncommented(named).split("\n"), top, book, 0)}</div>;
}

/** The text without its comments; one that nobody closes is text. */
function uncommented(text: string): string {
  const out: string[] = [];
  let at = 0;
  for (;;) {
    const from = text.indexOf("<!--", at);
    const to = from < 0 ? -1 : text.indexOf("-->", from + 4);
    if (to < 0) break;
    out.push(text.slice(at, from));
    at = to + 3;
  }
  return out.join("") + text.slice(at);
}

/** The words of a heading, without the marks that may close it. */
function titled(text: string): string {
  let end = text.trimEnd().length;
  while (text[end - 1] === "#") end -= 1;
  return text.slice(0, end).trimEnd();
}

function blocks(lines: string[], top: number, book: Book, depth: number): ComponentChildren[] {
  if (depth > DEEPEST) return [<p>{lines.join("\n")}</p>];
  const out: ComponentChildren[] = [];
  let at = 0;
  const take = (test: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && test(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+([\s\S]*)$/.exec(line);
    const fence = /^(```+|~~~+)\s*(\S*)\s*([\s\S]*)$/.exec(line);
    if (!line.trim()) at += 1;
    else if (/^(\t| {4})/.test(line)) {
      let end = at;
      for (let next = at; next < lines.length; next += 1) {
        if (!lines[next]!.trim()) continue;
        if (!/^(\t| {4})/.test(lines[next]!)) break;
        end = next + 1;
      }
      const code = lines.slice(at, end);
      at = end;
      out.push(<Code text={code.map((one) => one.replace(/^(\t| {4})/, "")).join("\n").trimEnd()} what={`the lines that begin ${first(code)}`} />);
    }
    else if (heading) {
      at += 1;
      const Tag = `h${Math.min(6, Math.max(top, heading[1]!.length + top - 2))}` as "h2";
      const words = titled(heading[2]!);
      out.push(
        <Tag id={slug(words)} tabIndex={-1}>
          {spans(words, book)}
        </Tag>,
      );
    } else if (fence) {
      at += 1;
      const code = take((one) => !one.startsWith(fence[1]!)).join("\n");
      at += 1;
      out.push(block(code, fence[2]!, fence[3]!));
    } else if (/^(\*\*\*|---|___)\s*$/.test(line)) {
      at += 1;
      out.push(<hr />);
    } else if (line.startsWith(">")) out.push(<blockquote>{blocks(take((one) => one.startsWith(">")).map((one) => one.replace(/^>\s?/, "")), top, book, depth + 1)}</blockquote>);
    else if (line.startsWith("|") && /^\|?[\s:|-]+\|?$/.test(lines[at + 1] ?? "")) out.push(table(take((one) => one.startsWith("|")), book));
    else if (/^\s*([-*+]|\d+[.)])\s/.test(line)) out.push(list(take((one) => one.trim() !== "" && (/^\s*([-*+]|\d+[.)])\s/.test(one) || /^\s+/.test(one) || !starts.test(one))), top, book, depth));
    else {
      at += 1;
      const rest = take((one) => one.trim() !== "" && !starts.test(one));
      out.push(<p>{spans([line, ...rest].join(" "), book)}</p>);
    }
  }
  return out;
}

/** A fenced block: formulas, code, or our code for the text above it, folded so that one can write it first. */
function block(text: string, language: string, name: string): ComponentChildren {
  if (language === "text")
    return (
      <pre class="formula" tabIndex={0} role="region" aria-label={`the lines that begin ${first(text.split("\n"))}`}>
        {text}
      </pre>
    );
  const what = name || `the code that begins ${first(text.split("\n"))}`;
  const drawn = language === "python" ? pieces(text).map(([kind, piece]) => (kind ? <span class={kind}>{piece}</span> : piece)) : undefined;
  const code = <Code text={text.trimEnd()} what={what} drawn={drawn} />;
  if (!name) return code;
  const [file, ...parts] = name.split(" ");
  return (
    <details class="our-code">
      <summary>
        Our code: <code>{parts.join(", ")}</code> <span class="faint">in {file}</span>
      </summary>
      {code}
    </details>
  );
}

const first = (lines: string[]): string => (lines.find((line) => line.trim()) ?? "").trim().slice(0, 40);

function list(lines: string[], top: number, book: Book, depth: number): ComponentChildren {
  const indent = /^\s*/.exec(lines[0]!)![0].length;
  const numbered = /^\s*\d/.test(lines[0]!);
  const items: string[][] = [];
  for (const line of lines) {
    const marker = /^(\s*)([-*+]|\d+[.)])\s+([\s\S]*)$/.exec(line);
    if (marker && marker[1]!.length <= indent) items.push([marker[3]!]);
    else items[items.length - 1]?.push(line.slice(Math.min(indent + 2, /^\s*/.exec(line)![0].length)));
  }
  const drawn = items.map((item) => {
    const nested = item.findIndex((line, i) => i > 0 && starts.test(line));
    const words = nested < 0 ? item : item.slice(0, nested);
    return (
      <li>
        {spans(words.map((one) => one.trim()).join(" "), book)}
        {nested >= 0 && blocks(item.slice(nested), top, book, depth + 1)}
      </li>
    );
  });
  return numbered ? <ol>{drawn}</ol> : <ul>{drawn}</ul>;
}

function table(lines: string[], book: Book): ComponentChildren {
  const cells = (line: string): string[] => line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/).map((one) => one.trim().replace(/\\\|/g, "|"));
  const [head = "", , ...body] = lines;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${cells(head).join(", ")}`}>
      <table>
        <thead>
          <tr>
            {cells(head).map((one) => (
              <th scope="col">{spans(one, book)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((line) => (
            <tr>
              {cells(line).map((one) => (
                <td>{spans(one, book)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
