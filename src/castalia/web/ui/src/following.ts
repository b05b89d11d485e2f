// One job as it goes: its state, its log by the line, how far it is and how long it still takes.
import { useEffect, useRef, useState } from "preact/hooks";
import { part } from "./api";
import { running } from "./jobs";
import { useStream } from "./stream";
import type { Job } from "./types";

const kinds = ["state", "progress", "log", "note"] as const;

export interface Following {
  job: Job | undefined;
  progress: [number, number] | undefined;
  /** Units a second, over the last stretch. */
  rate: number;
  /** Follow again from the start: a job that had ended was told to go on. */
  restart: () => void;
}

/** Follow a job by id; after its end the stream is left. */
export function useJob(id: string, start: Job | undefined): Following {
  const [job, setJob] = useState<Job | undefined>(start);
  const [progress, setProgress] = useState<[number, number] | undefined>(start?.progress ?? undefined);
  const marks = useRef<[number, number][]>([]);
  useEffect(() => {
    setJob(start);
    setProgress(start?.progress ?? undefined);
    marks.current = [];
  }, [id]);
  const over = job !== undefined && job.id === id && !running(job);
  useStream(id && !over ? `jobs/${part(id)}/events` : "", kinds, (kind, data) => {
    if (kind === "state") {
      const now = data as unknown as Job;
      setJob(now);
      if (now.progress) setProgress(now.progress);
    } else if (kind === "progress") {
      const { t, done, total } = data as { t: number; done: number; total: number };
      marks.current = [...marks.current, [t, done] as [number, number]].filter(([at]) => at > t - 20).slice(-400);
      setProgress([done, total]);
    }
  });
  const first = marks.current[0];
  const last = marks.current[marks.current.length - 1];
  const rate = first && last && last[0] > first[0] ? (last[1] - first[1]) / (last[0] - first[0]) : 0;
  const restart = (): void => {
    marks.current = [];
    setJob(undefined);
  };
  return { job, progress, rate, restart };
}
