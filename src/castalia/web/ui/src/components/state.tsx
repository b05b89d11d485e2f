import { ago, moment } from "../format";
import { Icon, type IconName } from "./icons";

const looks: Record<string, { icon: IconName; tone: string; word: string }> = {
  done: { icon: "check", tone: "good", word: "Done" },
  finished: { icon: "check", tone: "good", word: "Done" },
  running: { icon: "dot", tone: "live", word: "Running" },
  queued: { icon: "clock", tone: "", word: "Queued" },
  failed: { icon: "alert", tone: "bad", word: "Failed" },
  interrupted: { icon: "alert", tone: "warn", word: "Interrupted" },
  cancelled: { icon: "stop", tone: "warn", word: "Cancelled" },
};

/** Status by word and shape; the colour only repeats it. */
export function Status({ status }: { status: string }) {
  const look = looks[status] ?? { icon: "ring" as const, tone: "", word: status };
  return (
    <span class={`state ${look.tone}`}>
      <Icon name={look.icon} /> {look.word}
    </span>
  );
}

export function When({ value }: { value: unknown }) {
  const date = moment(value);
  if (!date) return <span class="faint">–</span>;
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {ago(date)}
    </time>
  );
}
