import { useEffect, useState } from "preact/hooks";
import { duration, number } from "../format";

/** How far a job is, how fast it goes and how long it still takes. */
export function JobBar({ progress, rate, queued, started, label = "Training", waiting = "Waiting for the job before it" }: { progress: [number, number] | undefined; rate: number; queued: boolean; started: number | null; label?: string; waiting?: string }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const [done, total] = progress ?? [0, 0];
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const left = rate > 0 && total > done ? (total - done) / rate : NaN;
  const words = queued
    ? waiting
    : total > 0
      ? [`${number(done)} of ${number(total)}`, rate > 0 && `${number(Number(rate.toPrecision(3)))} a second`, Number.isFinite(left) && `${duration(left)} left`].filter(Boolean).join(" · ")
      : started
        ? `Running for ${duration(Math.max(0, now / 1000 - started))}`
        : "Starting";
  if (queued) return <span class="small muted">{words}</span>;
  return (
    <div class="stack tight">
      <div class={total > 0 ? "progress" : "progress unknown"} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...(total > 0 ? { "aria-valuenow": Math.round(share * 100), "aria-valuetext": words } : {})}>
        <i style={{ width: `${share * 100}%` }} />
      </div>
      <span class="small muted num">{words}</span>
    </div>
  );
}
