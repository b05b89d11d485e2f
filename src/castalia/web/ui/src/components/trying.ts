import { useState } from "preact/hooks";
import { Problem } from "../api";

export interface Trying {
  problem: Problem | undefined;
  busy: boolean;
  /** Whether it was done; what the server said against it is the problem. */
  attempt: (work: () => Promise<unknown>) => Promise<boolean>;
  forget: () => void;
}

/** Runs a change, and keeps what the server says against it. */
export function useTrying(): Trying {
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    setProblem(undefined);
    setBusy(true);
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { problem, busy, attempt, forget: () => setProblem(undefined) };
}
