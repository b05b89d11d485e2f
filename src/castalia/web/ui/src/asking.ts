// Questions in a row: one is under way at a time, and of those that pile up only the newest is sent.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { LOST, Problem, post } from "./api";
import { useConnection } from "./connection";
import type { Json, Values } from "./types";

export interface Asked {
  answer: Json | undefined;
  baseline: Json | undefined;
  problem: Problem | undefined;
  /** Whether the refused question was asked by hand: only then may the summary take the focus. */
  byHand: boolean;
  busy: boolean;
  milliseconds: number;
  model: string;
  first: boolean;
}

export interface Asking extends Asked {
  ask: (values: Values, byHand: boolean) => void;
  keepAsBaseline: () => void;
}

const nothing: Asked = { answer: undefined, baseline: undefined, problem: undefined, byHand: true, busy: false, milliseconds: 0, model: "", first: true };

export function useAsking(path: string): Asking {
  const [state, setState] = useState<Asked>(nothing);
  const waiting = useRef<Values | null>(null);
  const control = useRef<AbortController | null>(null);
  const unsent = useRef<[Values, boolean] | null>(null);
  const { returns } = useConnection();

  useEffect(() => {
    setState(nothing);
    return () => {
      control.current?.abort();
      control.current = null;
      waiting.current = null;
    };
  }, [path]);

  const run = useCallback(
    async (values: Values, byHand: boolean): Promise<void> => {
      const mine = new AbortController();
      control.current = mine;
      setState((now) => ({ ...now, busy: true }));
      const started = performance.now();
      try {
        const reply = await post("POST", path, values, mine.signal);
        const answer = (await reply.json()) as Json;
        const milliseconds = performance.now() - started;
        const model = reply.headers.get("x-castalia-model") ?? "";
        setState((now) => ({ answer, baseline: byHand || now.baseline === undefined ? answer : now.baseline, problem: undefined, byHand, busy: waiting.current !== null, milliseconds, model, first: false }));
      } catch (error) {
        if (mine.signal.aborted) return;
        // The banner says that the workbench is away; the question is asked again when it is back.
        if (error === LOST) unsent.current = [waiting.current ?? values, byHand];
        const problem = error === LOST ? undefined : error instanceof Problem ? error : new Problem(0, { subject: "The answer could not be read", got: String(error) });
        setState((now) => ({ ...now, problem, byHand, busy: false }));
      }
      control.current = null;
      const next = unsent.current ? null : waiting.current;
      waiting.current = null;
      if (next) void run(next, false);
    },
    [path],
  );

  const ask = useCallback(
    (values: Values, byHand: boolean) => {
      if (control.current) waiting.current = values;
      else void run(values, byHand);
    },
    [run],
  );
  useEffect(() => {
    const [values, byHand] = unsent.current ?? [];
    unsent.current = null;
    if (values) void run(values, byHand ?? false);
  }, [returns]);
  const keepAsBaseline = useCallback(() => setState((now) => ({ ...now, baseline: now.answer })), []);
  return { ...state, ask, keepAsBaseline };
}
