// Something a learner does to the day: one at a time, what went wrong beside it, then the day anew.
import { useRef, useState } from "preact/hooks";
import { LOST, Problem } from "../../api";

export function useDeed(again: () => void): { act: (deed: () => Promise<unknown>) => void; problem: Problem | undefined; busy: boolean } {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const going = useRef(false);
  const act = (deed: () => Promise<unknown>): void => {
    if (going.current) return;
    going.current = true;
    setBusy(true);
    setProblem(undefined);
    deed()
      .then(again, (error: unknown) => setProblem(error instanceof Problem ? error : LOST))
      .finally(() => {
        going.current = false;
        setBusy(false);
      });
  };
  return { act, problem, busy };
}
