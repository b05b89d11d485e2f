import { plural } from "../../format";
import { DataTable } from "../../components/table";

const DAY = 86_400_000;
const HEIGHT = 20;
const STEP = 4;

/** The day that many days ago, as people here write it. */
function dayOf(back: number): string {
  return new Date(Date.now() - back * DAY).toLocaleDateString("en", { day: "numeric", month: "short" });
}

function said(days: number[]): string {
  const sum = days.reduce((a, b) => a + b, 0);
  if (!sum) return `no run began in ${days.length} days`;
  const most = Math.max(...days);
  const on = days.filter(Boolean).length;
  return `${plural(sum, "run")} began on ${plural(on, "day")} of the last ${days.length}; most on ${dayOf(days.length - 1 - days.lastIndexOf(most))}: ${most}`;
}

/** One path for all bars: a list has thousands of them. */
function bars(days: number[], height: (count: number) => number): string {
  return days.map((count, i) => [i * STEP, height(count)] as const).filter(([, h]) => h).map(([x, h]) => `M${x} ${HEIGHT}v-${h.toFixed(2)}h${STEP - 1}v${h.toFixed(2)}z`).join("");
}

/** Runs begun on each day, today at the right: a bar a day. */
export function Days({ days, large = false }: { days: number[]; large?: boolean }) {
  const most = Math.max(...days, 1);
  const words = said(days);
  if (!large && days.every((one) => !one))
    return (
      <span class="faint" title={words}>
        –<span class="hidden"> {words}</span>
      </span>
    );
  return (
    <svg class={large ? "days large" : "days"} viewBox={`0 0 ${days.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
      <title>{words}</title>
      <path class="none" d={bars(days, (count) => (count ? 0 : 0.75))} />
      <path d={bars(days, (count) => (count ? Math.max(2, (count / most) * HEIGHT) : 0))} />
    </svg>
  );
}

/** The same at full width, with its ends named and its table. */
export function Activity({ days }: { days: number[] }) {
  return (
    <section class="stack tight" aria-label="Activity">
      <h2>Activity</h2>
      <figure class="figure days-figure">
        <Days days={days} large />
        <div class="row apart faint small num" aria-hidden="true">
          <span>{dayOf(days.length - 1)}</span>
          <span>most {Math.max(...days)} a day</span>
          <span>today</span>
        </div>
      </figure>
      <details>
        <summary>As a table</summary>
        <DataTable caption="Runs begun each day" columns={["Day", "Runs"]} rows={days.map((count, i) => [dayOf(days.length - 1 - i), count]).reverse()} />
      </details>
    </section>
  );
}
