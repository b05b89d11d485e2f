// The curves of one run, live: the whole picture on (re)connecting, then points as they land.
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Line } from "./components/chart";
import { part } from "./api";
import { useStream } from "./stream";
import type { Curve, Num } from "./types";

const kinds = ["history", "metrics", "status", "end"] as const;
const MOST = 4000;

export interface LiveRun {
  curves: Record<string, Curve>;
  status: string;
  ended: boolean;
}

/** Follow a run; an empty id follows nothing. A further attempt at it is followed as well. */
export function useLiveRun(id: string, attempt = 1): LiveRun {
  const [live, setLive] = useState<LiveRun>({ curves: {}, status: "", ended: false });
  useEffect(() => setLive({ curves: {}, status: "", ended: false }), [id, attempt]);
  useStream(id && !live.ended ? `runs/${part(id)}/events` : "", kinds, (kind, data) => {
    if (kind === "history") setLive((now) => ({ ...now, curves: data as unknown as Record<string, Curve> }));
    else if (kind === "metrics") setLive((now) => ({ ...now, curves: merged(now.curves, data as unknown as Record<string, Curve>) }));
    else if (kind === "status") setLive((now) => ({ ...now, status: String(data.status ?? "") }));
    else setLive((now) => ({ ...now, ended: true }));
  }, true);
  return live;
}

function merged(old: Record<string, Curve>, news: Record<string, Curve>): Record<string, Curve> {
  const all = { ...old };
  for (const [key, fresh] of Object.entries(news)) {
    const known = all[key];
    all[key] = known
      ? { step: [...known.step, ...fresh.step].slice(-MOST), time: [...known.time, ...fresh.time].slice(-MOST), value: [...known.value, ...fresh.value].slice(-MOST) }
      : fresh;
  }
  return all;
}

const finite = (value: Num): number | null => (typeof value === "number" ? value : null);

/** Curves that belong together share a chart: train_loss and test_loss; a single point is no curve. */
export function useCharts(curves: Record<string, Curve>): { title: string; lines: Line[] }[] {
  return useMemo(() => {
    const groups = new Map<string, Line[]>();
    for (const key of Object.keys(curves).sort()) {
      const curve = curves[key]!;
      if (curve.step.length < 2) continue;
      const title = key.replace(/^(train|test|val|valid|validation|held_out|eval)[_./]/, "").replace(/[_./](train|test|val|valid|validation|(fold|seed|trial)?[_./]?\d+)$/, "");
      groups.set(title, [...(groups.get(title) ?? []), { name: key, x: curve.step, y: curve.value.map(finite) }]);
    }
    // What was followed step by step comes before what was measured a few times; the loss before the rest.
    const points = (lines: Line[]): number => Math.floor(Math.log10(Math.max(...lines.map((one) => one.x.length))));
    const first = ([title, lines]: [string, Line[]]): number => points(lines) + (title.includes("loss") ? 0.5 : 0);
    return [...groups].sort((a, b) => first(b) - first(a) || a[0].localeCompare(b[0])).map(([title, lines]) => ({ title, lines }));
  }, [curves]);
}
