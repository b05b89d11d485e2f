// Lessons: the part of Markdown that prose needs, drawn as elements. No HTML passes: what is not understood is text.
import type { ComponentChildren } from "preact";
import { Code } from "./components/code";

const inline = /(`+)([\s\S]+?)\1|!\[([^\]]*)\]\(([^)\s]+)[^)]*\)|\[([^\]]+)\]\(([^)\s]+)[^)]*\)|\*\*([\s\S]+?)\*\*|(?<![\w*])[*_](?=\S)([\s\S]+?\S|\S)[*_](?!\w)|<(https?:\/\/[^>\s]+)>/;

/** Emphasis, code and links of one paragraph. */
export function spans(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let rest = text;
  for (let match = inline.exec(rest); match; match = inline.exec(rest)) {
    out.push(rest.slice(0, match.index));
    const [whole, , code, alt, , label, to, strong, soft, bare] = match;
    if (code !== undefined) out.push(<code>{code.trim()}</code>);
    else if (alt !== undefined) out.push(alt && <em>[{alt}]</em>);
    else if (label !== undefined) out.push(anchor(to ?? "", spans(label)));
    else if (strong !== undefined) out.push(<strong>{spans(strong)}</strong>);
    else if (soft !== undefined) out.push(<em>{spans(soft)}</em>);
    else out.push(anchor(bare ?? "", bare));
    rest = rest.slice(match.index + whole.length);
  }
  out.push(rest);
  return out;
}

function anchor(to: string, label: ComponentChildren): ComponentChildren {
  if (!/^https?:\/\//.test(to)) return <span>{label}</span>;
  return (
    <a href={to} target="_blank" rel="noopener noreferrer">
      {label}
      <span class="hidden"> (opens in a new tab)</span>
    </a>
  );
}

const starts = /^(#{1,6}\s|```|~~~|>|\s*([-*+]|\d+[.)])\s|\||(\*\*\*|---|___)\s*$)/;

export function Markdown({ text, top = 2 }: { text: string; top?: number }) {
  return <div class="lesson">{blocks(text.replace(/\r/g, "").replace(/<!--[\s\S]*?-->/g, "").split("\n"), top)}</div>;
}

function blocks(lines: string[], top: number): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let at = 0;
  const take = (test: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && test(lines[at]!)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const fence = /^(```+|~~~+)/.exec(line);
    if (!line.trim()) at += 1;
    else if (/^(\t| {4})/.test(line)) {
      const code = take((one) => /^(\t| {4})/.test(one) || (!one.trim() && lines.slice(at + 1).some((next) => next.trim()) && /^(\t| {4})/.test(lines.slice(at + 1).find((next) => next.trim()) ?? "")));
      out.push(<Code text={code.map((one) => one.replace(/^(\t| {4})/, "")).join("\n").trimEnd()} what={`the lines that begin ${first(code)}`} />);
    }
    else if (heading) {
      at += 1;
      const Tag = `h${Math.min(6, Math.max(top, heading[1]!.length + top - 2))}` as "h2";
      out.push(<Tag>{spans(heading[2]!)}</Tag>);
    } else if (fence) {
      at += 1;
      const code = take((one) => !one.startsWith(fence[1]!)).join("\n");
      at += 1;
      out.push(<Code text={code} what={`the code that begins ${first(code.split("\n"))}`} />);
    } else if (/^(\*\*\*|---|___)\s*$/.test(line)) {
      at += 1;
      out.push(<hr />);
    } else if (line.startsWith(">")) out.push(<blockquote>{blocks(take((one) => one.startsWith(">")).map((one) => one.replace(/^>\s?/, "")), top)}</blockquote>);
    else if (line.startsWith("|") && /^\|?[\s:|-]+\|?$/.test(lines[at + 1] ?? "")) out.push(table(take((one) => one.startsWith("|"))));
    else if (/^\s*([-*+]|\d+[.)])\s/.test(line)) out.push(list(take((one) => one.trim() !== "" && (/^\s*([-*+]|\d+[.)])\s/.test(one) || /^\s+/.test(one) || !starts.test(one))), top));
    else {
      at += 1;
      const rest = take((one) => one.trim() !== "" && !starts.test(one));
      out.push(<p>{spans([line, ...rest].join(" "))}</p>);
    }
  }
  return out;
}

const first = (lines: string[]): string => (lines.find((line) => line.trim()) ?? "").trim().slice(0, 40);

function list(lines: string[], top: number): ComponentChildren {
  const indent = /^\s*/.exec(lines[0]!)![0].length;
  const numbered = /^\s*\d/.test(lines[0]!);
  const items: string[][] = [];
  for (const line of lines) {
    const marker = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/.exec(line);
    if (marker && marker[1]!.length <= indent) items.push([marker[3]!]);
    else items[items.length - 1]?.push(line.slice(Math.min(indent + 2, /^\s*/.exec(line)![0].length)));
  }
  const drawn = items.map((item) => {
    const nested = item.findIndex((line, i) => i > 0 && starts.test(line));
    const words = nested < 0 ? item : item.slice(0, nested);
    return (
      <li>
        {spans(words.map((one) => one.trim()).join(" "))}
        {nested >= 0 && blocks(item.slice(nested), top)}
      </li>
    );
  });
  return numbered ? <ol>{drawn}</ol> : <ul>{drawn}</ul>;
}

function table(lines: string[]): ComponentChildren {
  const cells = (line: string): string[] => line.replace(/^\||\|\s*$/g, "").split(/(?<!\\)\|/).map((one) => one.trim().replace(/\\\|/g, "|"));
  const [head = "", , ...body] = lines;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`Table: ${cells(head).join(", ")}`}>
      <table>
        <thead>
          <tr>
            {cells(head).map((one) => (
              <th scope="col">{spans(one)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((line) => (
            <tr>
              {cells(line).map((one) => (
                <td>{spans(one)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
