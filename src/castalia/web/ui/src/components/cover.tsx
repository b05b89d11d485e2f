import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Problem, part, send } from "../api";
import { Segments } from "./choice";
import { Code } from "./code";
import { Icon } from "./icons";
import { ProblemBox } from "./problem";

export interface SourceFile {
  file: string;
  text: string;
}

/** The cover over a solution. Opening it is allowed; where it counts, that is noted first. */
export function Cover({ title, counted, open }: { title: string; counted: string | undefined; open: (files: SourceFile[]) => void }) {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const uncover = async (): Promise<void> => {
    if (busy) return;
    if (!counted) return open([]);
    setBusy(true);
    setProblem(undefined);
    try {
      open((await send<{ files: SourceFile[] }>("POST", `checks/${part(counted)}/solution`, {})).files);
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
    setBusy(false);
  };
  return (
    <section class="empty cover">
      <h2>The solution is under here</h2>
      <p>
        If you mean to build {title} yourself, leave it covered: reading the answer first takes the best part away.
        {counted ? " You may open it. That is noted, and what you show afterwards counts for less." : " If you only use it, go ahead."}
      </p>
      {problem && <ProblemBox problem={problem} />}
      <button type="button" class="button" aria-disabled={busy} onClick={() => void uncover()}>
        <Icon name="eye" /> {counted ? "Open the solution" : "Show the source"}
      </button>
    </section>
  );
}

export function Files({ files, children }: { files: SourceFile[]; children?: ComponentChildren }) {
  const [name, setName] = useState("");
  const shown = files.find((one) => one.file === name) ?? files[0];
  if (!shown) return <p class="muted">There is no source to show.</p>;
  return (
    <div class="stack">
      {files.length > 1 && <Segments label="File" options={files.map((one) => ({ value: one.file, label: one.file }))} value={shown.file} onChange={setName} />}
      <Code text={shown.text} what={shown.file} />
      {children}
    </div>
  );
}
