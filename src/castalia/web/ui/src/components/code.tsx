import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

export async function toClipboard(text: string): Promise<void> {
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

/** Lines to paste, with a copy button; the box can be scrolled by keyboard. `drawn` is the same text in colours. */
export function Code({ text, what, wrap = false, drawn }: { text: string; what: string; wrap?: boolean; drawn?: ComponentChildren }) {
  return (
    <div class={wrap ? "code wrap" : "code"}>
      <pre tabIndex={0} role="region" aria-label={what}>
        <code>{drawn ?? text}</code>
      </pre>
      <Copy text={text} what={what} />
    </div>
  );
}
