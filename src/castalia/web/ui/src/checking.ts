// One check at a time: asked, cancelled, answered.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { LOST, Problem, part, send } from "./api";
import type { Drafting } from "./drafting";
import type { Report } from "./learning";

export interface Checking {
  busy: boolean;
  /** Counts the checks that were begun. */
  turn: number;
  report: Report | undefined;
  /** The text that the report is about. */
  text: string | undefined;
  problem: Problem | undefined;
  check: (options?: { seed?: number; all?: boolean }) => Promise<Report | undefined>;
  cancel: () => void;
}

const GONE = new Problem(0, { subject: "The check went with the workbench", cure: "Your text is kept. Check again as soon as the workbench is back." });

export function useChecking(address: string, drafting: Drafting): Checking {
  const [state, setState] = useState<Pick<Checking, "busy" | "turn" | "report" | "text" | "problem">>({ busy: false, turn: 0, report: undefined, text: undefined, problem: undefined });
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);

  const check = useCallback(async (options: { seed?: number; all?: boolean } = {}): Promise<Report | undefined> => {
    if (control.current) return undefined;
    const mine = new AbortController();
    control.current = mine;
    setState((now) => ({ ...now, busy: true, turn: now.turn + 1, problem: undefined }));
    const sent = drafting.current();
    drafting.hold(true);
    try {
      const report = await send<Report>("POST", `checks/${part(address)}`, { ...sent, ...options }, mine.signal);
      if (report.draft) drafting.kept(report.draft);
      setState((now) => ({ ...now, busy: false, report, text: sent.text, problem: undefined }));
      return report;
    } catch (error) {
      const problem = mine.signal.aborted ? undefined : error === LOST ? GONE : error instanceof Problem ? error : new Problem(0, { subject: "The report could not be read", got: String(error) });
      setState((now) => ({ ...now, busy: false, problem }));
      return undefined;
    } finally {
      control.current = null;
      drafting.hold(false);
    }
  }, []);
  const cancel = useCallback(() => control.current?.abort(), []);
  return { ...state, check, cancel };
}
