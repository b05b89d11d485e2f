// A curve in a cell. Cells ask one by one; what is asked within a moment goes to the server as one question.
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, get, part } from "../../api";
import { number } from "../../format";

type Values = number[];
const MOST_RUNS = 200;
const MOST_KEYS = 8;
const kept = new Map<string, { values: Values; time: number }>();
const MOST_KEPT = 5000;
const AGAIN = 5000;
let waiting = new Map<string, Map<string, ((values: Values) => void)[]>>();
let timer = 0;

async function ask(): Promise<void> {
  const batch = waiting;
  waiting = new Map();
  timer = 0;
  const metrics = [...batch.keys()];
  for (let k = 0; k < metrics.length; k += MOST_KEYS) {
    const some = metrics.slice(k, k + MOST_KEYS);
    const runs = [...new Set(some.flatMap((metric) => [...batch.get(metric)!.keys()]))];
    for (let r = 0; r < runs.length; r += MOST_RUNS) {
      const few = runs.slice(r, r + MOST_RUNS);
      const query = [...few.map((one) => `run=${part(one)}`), ...some.map((one) => `key=${part(one)}`)].join("&");
      let refused = false;
      const found = await get<Record<string, Record<string, (number | string)[]>>>(`runs/sparks?${query}`).catch((error: unknown) => void (refused = error instanceof Problem && error.status >= 400 && error.status < 500));
      if (!found) {
        // The cells that wait for it go on waiting, unless it would be refused again.
        if (!refused) setTimeout(() => {
          for (const metric of some) for (const run of few) for (const tell of batch.get(metric)?.get(run) ?? []) want(run, metric, tell);
        }, AGAIN);
        continue;
      }
      if (kept.size > MOST_KEPT) kept.clear();
      for (const metric of some)
        for (const run of few) {
          const values = (found[run]?.[metric] ?? []).filter((one): one is number => typeof one === "number");
          kept.set(`${run} ${metric}`, { values, time: Date.now() });
          for (const tell of batch.get(metric)?.get(run) ?? []) tell(values);
        }
    }
  }
}

function want(run: string, metric: string, tell: (values: Values) => void): void {
  const runs = waiting.get(metric) ?? new Map<string, ((values: Values) => void)[]>();
  waiting.set(metric, runs.set(run, [...new Set([...(runs.get(run) ?? []), tell])]));
  timer ||= window.setTimeout(ask, 40);
}

const WIDTH = 100;
const HEIGHT = 20;

export function Spark({ run, metric, live }: { run: string; metric: string; live: boolean }) {
  const key = `${run} ${metric}`;
  const [values, setValues] = useState(() => kept.get(key)?.values);
  const moved = useRef(false);
  useEffect(() => {
    let gone = false;
    const tell = (found: Values): void => {
      if (!gone) setValues(found);
    };
    const known = kept.get(key);
    setValues(known?.values);
    // Once more when it has ended: what was read while it went on lacks the end.
    if (!known || moved.current) want(run, metric, tell);
    moved.current = live;
    if (!live) return () => void (gone = true);
    const again = setInterval(() => !document.hidden && want(run, metric, tell), AGAIN);
    return () => {
      gone = true;
      clearInterval(again);
    };
  }, [key, live]);
  if (!values) return <span class="spark" />;
  if (values.length < 2)
    return (
      <span class="faint" aria-label="no curve">
        –
      </span>
    );
  const low = Math.min(...values);
  const high = Math.max(...values);
  const y = (value: number): number => (high > low ? HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4) : HEIGHT / 2);
  const path = values.map((value, i) => `${i ? "L" : "M"}${((i / (values.length - 1)) * (WIDTH - 2) + 1).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const said = `${metric}: from ${number(values[0])} to ${number(values[values.length - 1])}, least ${number(low)}, most ${number(high)}`;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={said}>
      <title>{said}</title>
      <path d={path} fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
