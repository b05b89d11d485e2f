// The page of a day. Without a plan it asks for one; nothing here counts what waits or says that something is late.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import sheet from "../../css/today.css?later";
import { get } from "../../api";
import { Icon } from "../../components/icons";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { wear } from "../../later";
import { ElsewhereBox } from "../../parts";
import { useResource } from "../../resource";
import { leaveToday } from "../../home-choice";
import { go, href, usePlace } from "../../router";
import { DayView } from "./day";
import { Intake } from "./intake";
import type { Day } from "./types";

wear(sheet);

/** The day may turn, and the shell or another tab may change it, while the page is open. */
const AGAIN = 20_000;

export function TodayPage() {
  const { query } = usePlace();
  const { value, problem, again } = useResource<Day>("today", (signal) => get("today", signal), AGAIN);
  const leaving = useRef<Day | undefined>(undefined);
  const [kept, setKept] = useState(0);
  /** A plan was kept: the intake stays until the day that it makes is there. */
  const done = (): void => {
    leaving.current = value;
    again();
  };
  useLayoutEffect(() => {
    if (!leaving.current || (value === leaving.current && !problem)) return;
    leaving.current = undefined;
    go(href("today"));
    setKept((n) => n + 1);
  }, [value, problem]);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (kept) box.current?.querySelector("h1")?.focus({ preventScroll: true });
  }, [kept]);
  // Whoever has no plan any more finds both doors on the first page again.
  useEffect(() => {
    if (value && !value.chosen) leaveToday();
  }, [value?.chosen]);
  if (!value) {
    if (problem?.status === 403) return <Elsewhere>{<ElsewhereBox problem={problem} />}</Elsewhere>;
    return <Elsewhere>{problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the day" />}</Elsewhere>;
  }
  return (
    <div class="today" ref={box}>
      <Warnings said={value.warnings} />
      {!value.chosen || query.has("step") ? <Intake day={value} done={done} /> : <DayView day={value} again={again} />}
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

const key = "castalia.heard";

function heardBefore(): string[] {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** What could not be read is said until it was heard, though the server says it once. */
function Warnings({ said }: { said: string[] }) {
  const [heard, setHeard] = useState(heardBefore);
  const hear = (all: string[]): void => {
    setHeard(all);
    try {
      sessionStorage.setItem(key, JSON.stringify(all));
    } catch {
      // a window that keeps nothing says it again after a reload
    }
  };
  const shown = said.filter((one) => !heard.includes(one));
  if (!shown.length) return null;
  return (
    <div class="note apart" role="alert">
      <p class="state warn row whole">
        <Icon name="alert" /> Something about your log
      </p>
      <ul>
        {shown.map((one) => (
          <li key={one}>
            <bdi>{one}</bdi>
          </li>
        ))}
      </ul>
      {shown.some((one) => one.includes("could not be read")) && <p>All that can be read counts. Nothing was removed.</p>}
      <p>
        <button type="button" class="button little" onClick={() => hear([...heard, ...shown])}>
          I have read it
        </button>
      </p>
    </div>
  );
}
