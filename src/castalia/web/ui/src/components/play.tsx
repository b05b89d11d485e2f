import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

const PAUSE = 100;

/** Lets a slider run to its end, a whole step at a time; from the end it begins again. */
export function Play({ what, now, low, high, onStep }: { what: string; now: number; low: number; high: number; onStep: (value: number) => void }) {
  const [playing, setPlaying] = useState(false);
  const step = useRef(() => {});
  step.current = () => (now < high ? onStep(now + 1) : setPlaying(false));
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => step.current(), PAUSE);
    return () => clearInterval(timer);
  }, [playing]);
  const turn = (): void => {
    if (!playing && now >= high) onStep(low);
    setPlaying(!playing);
  };
  return (
    <button type="button" class="button little" onClick={turn}>
      <Icon name={playing ? "pause" : "play"} /> {playing ? "Pause" : "Play"}
      <span class="hidden">: {what}</span>
    </button>
  );
}
