import { useState } from "preact/hooks";
import { Segments } from "./choice";
import { Code } from "./code";

const labels: Record<string, string> = { shell: "Shell", python: "Python", curl: "curl", pytest: "pytest", notebook: "Notebook" };

/** The same in several places, shell, Python, curl say: whichever was read last is shown again on the next page. */
export function Same({ snippets, title = "The same in shell, Python, curl", open = true }: { snippets: Record<string, string>; title?: string; open?: boolean }) {
  const [kind, setKind] = useState(() => sessionStorage.getItem("castalia.snippet") ?? "shell");
  const show = (value: string) => {
    sessionStorage.setItem("castalia.snippet", value);
    setKind(value);
  };
  const chosen = kind in snippets ? kind : "shell";
  return (
    <details class="snippets" open={open}>
      <summary>{title}</summary>
      <div class="stack tight">
        <Segments label="Language" options={Object.keys(snippets).map((one) => ({ value: one, label: labels[one] ?? one }))} value={chosen} onChange={show} />
        <Code text={snippets[chosen] ?? ""} what={`the ${chosen} lines`} />
      </div>
    </details>
  );
}
