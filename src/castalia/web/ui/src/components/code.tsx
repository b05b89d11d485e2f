import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

async function toClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https only loopback has a clipboard; elsewhere the old way still works.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"" | "Copied" | "Not copied: select the text instead">("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = () => {
    toClipboard(text).then(
      () => setState("Copied"),
      () => setState("Not copied: select the text instead"),
    );
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setState(""), 2000);
  };
  return (
    <>
      <button type="button" class="icon-button copy" onClick={copy} aria-label={`Copy ${what}`} title={state || `Copy ${what}`}>
        <Icon name={state === "Copied" ? "check" : "copy"} />
      </button>
      <span class="hidden" role="status">
        {state}
      </span>
    </>
  );
}

/** Lines to paste, with a copy button; the box can be scrolled by keyboard. */
export function Code({ text, what, wrap = false }: { text: string; what: string; wrap?: boolean }) {
  return (
    <div class={wrap ? "code wrap" : "code"}>
      <pre tabIndex={0} role="region" aria-label={what}>
        <code>{text}</code>
      </pre>
      <Copy text={text} what={what} />
    </div>
  );
}
