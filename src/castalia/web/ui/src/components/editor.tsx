import type { Ref } from "preact";
import { useId, useImperativeHandle, useMemo, useRef, useState } from "preact/hooks";
import { pieces } from "../python";

const INDENT = 4;

export interface EditorHandle {
  /** Put the cursor on a line and show it. */
  goTo: (line: number) => void;
  /** Scroll to a line that is out of sight; the cursor stays where it is. */
  show: (line: number) => void;
  /** Replace everything; the browser's own undo takes it back. */
  replace: (text: string) => void;
}

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
  onRun: () => void;
  mark?: { line: number; words: string } | undefined;
  handle: Ref<EditorHandle>;
}

/** A textarea that knows Python's indentation. Text, undo and cursor are the browser's; the colours lie underneath. */
export function Editor({ label, value, onChange, onRun, mark, handle }: Props) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [leaving, setLeaving] = useState(false);
  const count = value.split("\n").length;
  const coloured = useMemo(() => pieces(value), [value]);
  const numbers = useMemo(() => Array.from({ length: count }, (_, i) => i + 1).join("\n"), [count]);
  const marked = mark && mark.line >= 1 && mark.line <= count ? mark : undefined;

  const scrollTo = (line: number): void => {
    if (!area.current || !box.current) return;
    const height = area.current.scrollHeight / area.current.value.split("\n").length;
    box.current.scrollTop = height * (line - 1) - box.current.clientHeight / 3;
  };
  useImperativeHandle(handle, () => ({
    goTo: (line) => {
      const text = area.current;
      if (!text || !box.current) return;
      const lines = text.value.split("\n");
      const wanted = Math.min(Math.max(1, line), lines.length);
      const start = lines.slice(0, wanted - 1).reduce((sum, one) => sum + one.length + 1, 0);
      text.focus({ preventScroll: true });
      text.setSelectionRange(start, start + lines[wanted - 1]!.length);
      box.current.scrollLeft = 0;
      scrollTo(wanted);
      box.current.scrollIntoView({ block: "nearest" });
    },
    show: (line) => {
      const seen = box.current?.getBoundingClientRect();
      const mark = box.current?.querySelector(".editor-mark")?.getBoundingClientRect();
      if (seen && mark && (mark.top < seen.top || mark.bottom > seen.bottom)) scrollTo(line);
    },
    replace: (text) => {
      if (!area.current) return;
      area.current.select();
      put(area.current, text);
    },
  }));

  const keys = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }): void => {
    const text = event.currentTarget;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") return setLeaving(true);
    if (event.key === "Tab" && plain && !leaving) {
      event.preventDefault();
      if (event.shiftKey) shift(text, -1);
      else if (text.value.slice(text.selectionStart, text.selectionEnd).includes("\n")) shift(text, 1);
      else put(text, " ".repeat(INDENT - (column(text) % INDENT)));
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun();
    } else if (event.key === "Enter" && plain && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      put(text, `\n${" ".repeat(nextIndent(text.value.slice(text.selectionStart - column(text), text.selectionStart)))}`);
    } else if (event.key === "Backspace" && plain && text.selectionStart === text.selectionEnd) {
      const before = text.value.slice(text.selectionStart - column(text), text.selectionStart);
      if (before.length > 1 && !before.trim()) {
        event.preventDefault();
        text.setSelectionRange(text.selectionStart - (before.length % INDENT || INDENT), text.selectionStart);
        document.execCommand("delete");
      }
    }
    if (leaving && !["Shift", "Tab"].includes(event.key)) setLeaving(false);
  };
  return (
    <div class="stack tight">
      <div class="editor" ref={box}>
        <div class="editor-in">
          {marked && <div class="editor-mark" style={{ top: `calc(${marked.line - 1} * var(--lh))` }} />}
          <pre class="editor-lines" aria-hidden="true">
            {numbers}
          </pre>
          <div class="editor-text">
            <pre aria-hidden="true">
              {coloured.map(([kind, text]) => (kind ? <span class={kind}>{text}</span> : text))}
              {"\n"}
            </pre>
            <textarea
              ref={area}
              aria-label={label}
              aria-describedby={`${id}-keys ${id}-mark`}
              aria-keyshortcuts="Control+Enter Meta+Enter"
              spellcheck={false}
              autocomplete="off"
              autocapitalize="off"
              wrap="off"
              value={value}
              onInput={(event) => onChange(event.currentTarget.value)}
              onKeyDown={keys}
              onBlur={() => setLeaving(false)}
            />
          </div>
        </div>
      </div>
      <p class="help" id={`${id}-keys`}>
        Tab indents; <kbd>Esc</kbd>, then <kbd>Tab</kbd> leaves the editor. <kbd>Ctrl</kbd> or <kbd>⌘</kbd> with <kbd>Enter</kbd> checks.
      </p>
      <span class="hidden" id={`${id}-mark`}>
        {marked ? `Line ${marked.line} is marked: ${marked.words}` : ""}
      </span>
      <span class="hidden" role="status">
        {leaving ? "The next Tab leaves the editor" : ""}
      </span>
    </div>
  );
}

/** Characters between the start of the line and the cursor. */
function column(area: HTMLTextAreaElement): number {
  return area.selectionStart - (area.value.lastIndexOf("\n", area.selectionStart - 1) + 1);
}

/** What the next line begins with: deeper after a colon, shallower after a line that leaves the block. */
function nextIndent(before: string): number {
  const indent = /^ */.exec(before)![0].length;
  const code = before.replace(/#.*$/, "").trimEnd();
  if (code.endsWith(":")) return indent + INDENT;
  return /^\s*(return|raise|pass|break|continue)\b/.test(code) ? Math.max(0, indent - INDENT) : indent;
}

/** Type text at the cursor, so that the browser's undo knows of it. */
function put(area: HTMLTextAreaElement, text: string): void {
  const typed = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (typed || (!text && area.selectionStart === area.selectionEnd)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Move the lines of the selection one step to the right or to the left. */
function shift(area: HTMLTextAreaElement, by: 1 | -1): void {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const first = value.lastIndexOf("\n", from - 1) + 1;
  const last = value.indexOf("\n", Math.max(from, to - 1));
  const end = last < 0 ? value.length : last;
  const old = value.slice(first, end).split("\n");
  const moved = old.map((line) => (by > 0 ? (line ? " ".repeat(INDENT) + line : line) : line.replace(/^( {1,4}|\t)/, "")));
  if (moved.every((line, i) => line === old[i])) return;
  area.setSelectionRange(first, end);
  put(area, moved.join("\n"));
  const start = Math.max(first, from + moved[0]!.length - old[0]!.length);
  area.setSelectionRange(start, Math.max(start, to + moved.join("\n").length - (end - first)));
}
