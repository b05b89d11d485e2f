// A patch as it reads: a part for each file, what went and what came told apart by sign and colour.
import { plural } from "../../format";

interface FileDiff {
  name: string;
  lines: string[];
  added: number;
  removed: number;
}

const MOST = 4000;

export function files(text: string): FileDiff[] {
  const found: FileDiff[] = [];
  let inside = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("diff --git ") || (!found.length && line.trim())) {
      found.push({ name: /^diff --git a\/.* b\/(.*)$/.exec(line)?.[1] ?? "changes", lines: [], added: 0, removed: 0 });
      inside = !line.startsWith("diff --git ");
      if (!inside) continue;
    }
    const at = found[found.length - 1];
    if (!at) continue;
    if (line.startsWith("@@")) inside = true;
    if (inside && line.startsWith("+") && !line.startsWith("+++ ")) at.added += 1;
    if (inside && line.startsWith("-") && !line.startsWith("--- ")) at.removed += 1;
    at.lines.push(line);
  }
  return found;
}

const kind = (line: string): string => (line.startsWith("@@") ? "hunk" : /^(\+\+\+|---|index |new file|deleted file|similarity|rename|old mode|new mode)/.test(line) ? "about" : line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "");

export function Diff({ text }: { text: string }) {
  let left = MOST;
  const all = files(text);
  return (
    <div class="stack tight">
      {all.map((file, i) => {
        const lines = file.lines.slice(0, Math.max(0, left));
        left -= lines.length;
        return (
          <details key={i} class="diff" open={all.length <= 8}>
            <summary>
              <bdi class="mono">{file.name}</bdi> <span class="plus num">+{file.added}</span> <span class="minus num">−{file.removed}</span>
            </summary>
            <pre tabIndex={0} role="region" aria-label={`Changes in ${file.name}`}>
              {lines.map((line) => (
                <span class={kind(line)}>{line}{"\n"}</span>
              ))}
            </pre>
          </details>
        );
      })}
      {left <= 0 && <p class="faint small">The first {plural(MOST, "line")}. The file under Files has all.</p>}
    </div>
  );
}
