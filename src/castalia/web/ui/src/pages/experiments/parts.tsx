// Pieces that the list and the page of one experiment share.
import { Icon } from "../../components/icons";
import { Count } from "../../components/state";
import { number } from "../../format";
import { href } from "../../router";
import type { Best, Experiment } from "./experiments";

const order = ["running", "queued", "failed", "cancelled", "done"];

/** Its runs by status, what needs a look first. In a list, where the total is said, those that are done are not repeated. */
export function Statuses({ one, link }: { one: Experiment; link?: (status: string) => string }) {
  const found = Object.entries(one.statuses).sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  const told = link || found.length < 2 ? found : found.filter(([status]) => status !== "done");
  return (
    <ul class="statuses">
      {told.map(([status, count]) => (
        <li key={status}>
          {link ? (
            <a href={link(status)}>
              <Count status={status} count={count} />
            </a>
          ) : (
            <Count status={status} count={found.length < 2 && count > 1 ? "all" : count} />
          )}
        </li>
      ))}
    </ul>
  );
}

export function BestRun({ best }: { best: Best }) {
  return (
    <div class="best">
      <span class="best-value num">
        {number(best.value)} <Icon name={best.down ? "down" : "up"} size={12} />
        <span class="hidden">{best.down ? "less is better" : "more is better"}</span>
      </span>
      <bdi class="best-of">{best.metric}</bdi>
      <a href={href("runs", best.run_id)}>
        <bdi>{best.name || best.run_id.slice(0, 8)}</bdi>
      </a>
    </div>
  );
}
