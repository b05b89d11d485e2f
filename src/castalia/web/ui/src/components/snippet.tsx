import { useState } from "preact/hooks";
import type { Snippets } from "../snippets";
import { Segments } from "./choice";
import { Code } from "./code";

const kinds = [
  { value: "shell", label: "Shell" },
  { value: "python", label: "Python" },
  { value: "curl", label: "curl" },
];

/** The same request in shell, Python, curl: whichever was read last is shown again on the next page. */
export function Same({ snippets, open = true }: { snippets: Snippets; open?: boolean }) {
  const [kind, setKind] = useState<keyof Snippets>(() => (sessionStorage.getItem("castalia.snippet") as keyof Snippets | null) ?? "shell");
  const show = (value: string) => {
    sessionStorage.setItem("castalia.snippet", value);
    setKind(value as keyof Snippets);
  };
  const shown = snippets[kind] ?? snippets.shell;
  return (
    <details class="snippets" open={open}>
      <summary>The same in shell, Python, curl</summary>
      <div class="stack tight">
        <Segments label="Language" options={kinds} value={kind} onChange={show} />
        <Code text={shown} what={`the ${kind} lines`} />
      </div>
    </details>
  );
}
