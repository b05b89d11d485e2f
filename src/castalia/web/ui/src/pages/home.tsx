import { useState } from "preact/hooks";
import { get } from "../api";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { homeChosen } from "../home-choice";
import { FirstRun, LearnPage } from "../parts";
import { useResource } from "../resource";
import type { RunRow } from "../types";
import { SystemsPage } from "./systems";

interface Page {
  items: RunRow[];
  total: number;
}

/** The first page while there is no run; it turns by itself when the first one lands. Afterwards: the systems, or what can be built. */
export function HomePage() {
  const [waited, setWaited] = useState(false);
  const [chosen] = useState(homeChosen);
  const { value, problem, again } = useResource<Page>("runs?first", (signal) => get("runs?limit=1&order=-started", signal), waited ? 1500 : 0);
  if (chosen === "learn") return <LearnPage />;
  if (problem && !value) return <ProblemBox problem={problem} again={again} />;
  if (!value) return <Loading what="the workbench" />;
  const none = value.total === 0;
  if (none && !waited) setWaited(true);
  if (!none && !waited) return <SystemsPage />;
  return <FirstRun run={value.items[0]} />;
}
