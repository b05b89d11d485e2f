import { useState } from "preact/hooks";
import { Problem, part, send } from "../api";
import { Code } from "./code";
import { ProblemBox } from "./problem";

interface Told {
  claim: string;
  rung: number;
  of: number;
  hint: string;
}

/** Hints by rung for the claim that failed: one more at each press, those that were read stay. */
export function Hints({ address, claim, read, rungs, again }: { address: string; claim: string; read: string[]; rungs: number; again: () => void }) {
  const [busy, setBusy] = useState(false);
  const [fresh, setFresh] = useState<string[]>([]);
  const [pasted, setPasted] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const shown = fresh.length > read.length ? fresh : read;
  const ask = async (forAssistant: boolean): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const told = await send<Told>("POST", `checks/${part(address)}/hint`, { for_assistant: forAssistant });
      if (forAssistant) setPasted(told.hint);
      else if (told.claim === claim && told.rung > shown.length) setFresh([...shown, told.hint]);
      again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
    setBusy(false);
  };
  const all = shown.length >= rungs;
  return (
    <section class="stack tight" aria-label="Hints">
      <h3>Hints</h3>
      <ol class="hints" aria-live="polite">
        {shown.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ol>
      {problem && <ProblemBox problem={problem} />}
      <p class="row">
        <button type="button" class="button" aria-disabled={busy || all} onClick={() => !all && void ask(false)}>
          {all ? "That was the last hint" : `Hint ${shown.length + 1} of ${rungs}`}
        </button>
        <button type="button" class="button quiet" aria-disabled={busy} onClick={() => void ask(true)}>
          For an assistant
        </button>
      </p>
      <p class="help">{all ? "The rest is yours." : "Each hint says more than the one before; none holds the solution."}</p>
      {pasted && (
        <>
          <Code text={pasted} what="the text for an assistant" wrap />
          <p class="help">Write your own guess into it before you paste it. The evidence notes that an assistant takes part.</p>
        </>
      )}
    </section>
  );
}
