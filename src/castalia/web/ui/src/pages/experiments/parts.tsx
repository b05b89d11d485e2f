// Pieces that the list and the page of one experiment share.
import { Icon } from "../../components/icons";
import { Status } from "../../components/state";
import { number } from "../../format";
import { href } from "../../router";
import type { Best, Experiment } from "./experiments";

const order = ["running", "queued", "failed", "cancelled", "done"];

/** Its runs by status: what needs a look comes first. */
export function Statuses({ one, link }: { one: Experiment; link?: (status: string) => string }) {
  const found = Object.entries(one.statuses).sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return (
    <ul class="statuses">
      {found.map(([status, count]) => {
        const words = (
          <>
            <span class="num">{count.toLocaleString("en")}</span> <Status status={status} />
          </>
        );
        return <li key={status}>{link ? <a href={link(status)}>{words}</a> : words}</li>;
      })}
    </ul>
  );
}

export function BestRun({ best }: { best: Best }) {
  return (
    <div class="best">
      <span class="best-value num">{number(best.value)}</span>
      <span class="best-of">
        <bdi>{best.metric}</bdi> <Icon name={best.down ? "down" : "up"} size={12} />
        <span class="hidden">{best.down ? "less is better" : "more is better"}</span>
      </span>
      <a href={href("runs", best.run_id)}>
        <bdi>{best.name || best.run_id.slice(0, 8)}</bdi>
      </a>
    </div>
  );
}
