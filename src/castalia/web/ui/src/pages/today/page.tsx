// The page of a day. Without a plan it asks for one; nothing here counts what waits or says that something is late.
import { useState } from "preact/hooks";
import sheet from "../../css/today.css?later";
import { get } from "../../api";
import { Icon } from "../../components/icons";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { useUndone } from "../../components/toast";
import { wear } from "../../later";
import { ElsewhereBox } from "../../parts";
import { useResource } from "../../resource";
import { usePlace } from "../../router";
import { DayView } from "./day";
import { Intake } from "./intake";
import type { Day } from "./types";

wear(sheet);

/** The day may turn, and the shell or another tab may change it, while the page is open. */
const AGAIN = 20_000;

export function TodayPage() {
  const { query } = usePlace();
  const { value, problem, again } = useResource<Day>("today", (signal) => get("today", signal), AGAIN);
  useUndone(again);
  if (!value) {
    if (problem?.status === 403) return <Elsewhere>{<ElsewhereBox problem={problem} />}</Elsewhere>;
    return <Elsewhere>{problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the day" />}</Elsewhere>;
  }
  return (
    <div class="today">
      <Warnings said={value.warnings} />
      {!value.chosen || query.has("step") ? <Intake day={value} again={again} /> : <DayView day={value} again={again} />}
    </div>
  );
}

function Elsewhere({ children }: { children: preact.ComponentChildren }) {
  return (
    <div class="today">
      <PageHead title="Today" />
      {children}
    </div>
  );
}

/** What could not be read is said until it was heard, though the server says it once. */
function Warnings({ said }: { said: string[] }) {
  const [heard, setHeard] = useState<string[]>([]);
  const shown = said.filter((one) => !heard.includes(one));
  if (!shown.length) return null;
  return (
    <div class="note apart" role="alert">
      <p class="state warn row whole">
        <Icon name="alert" /> Not everything of your log could be read
      </p>
      <ul>
        {shown.map((one) => (
          <li key={one}>
            <bdi>{one}</bdi>
          </li>
        ))}
      </ul>
      <p>All that can be read counts. Nothing was removed.</p>
      <p>
        <button type="button" class="button little" onClick={() => setHeard([...heard, ...shown])}>
          I have read it
        </button>
      </p>
    </div>
  );
}
