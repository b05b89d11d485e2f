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
  const look = lookOf(status);
  return (
    <span class={`state ${look.tone}`}>
      <Icon name={look.icon} /> {look.word}
    </span>
  );
}

const lookOf = (status: string): { icon: IconName; tone: string; word: string } => looks[status] ?? { icon: "ring", tone: "", word: status };

/** How many there are of a status: 2 failed. */
export function Count({ status, count }: { status: string; count: number | "all" }) {
  const look = lookOf(status);
  return (
    <span class={`state ${look.tone}`}>
      <Icon name={look.icon} size={14} />
      <span>
        <span class="num">{count.toLocaleString("en")}</span> {look.word.toLowerCase()}
      </span>
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
