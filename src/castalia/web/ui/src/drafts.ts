// What was typed into a form stays while the page is open, also when another tab of the system is looked at.
import { useCallback, useState } from "preact/hooks";
import type { Values } from "./types";

const drafts = new Map<string, Values>();

export function useDraft(key: string, start: () => Values): [Values, (values: Values) => void, () => void] {
  const [, redraw] = useState(0);
  if (!drafts.has(key)) drafts.set(key, start());
  const set = useCallback(
    (values: Values) => {
      drafts.set(key, values);
      redraw((n) => n + 1);
    },
    [key],
  );
  const reset = useCallback(() => set(start()), [key]);
  return [drafts.get(key)!, set, reset];
}
