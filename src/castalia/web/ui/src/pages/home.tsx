import { useEffect, useState } from "preact/hooks";
import { get } from "../api";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { homeChosen } from "../home-choice";
import { FirstRun, LearnPage, TodayPage } from "../parts";
import { useResource } from "../resource";
import { go, href } from "../router";
import type { RunRow } from "../types";
import { SystemsPage } from "./systems";

interface Page {
  items: RunRow[];
  total: number;
}

interface View {
  page: "runs" | "compare";
  query: string;
  home: boolean;
}

/** The first page while there is no run; it turns by itself when the first one lands. Afterwards: the view that was chosen as home, the systems, or what can be built. */
export function HomePage() {
  const [waited, setWaited] = useState(false);
  const [chosen] = useState(homeChosen);
  const { value, problem, again } = useResource<Page>("runs?first", (signal) => get("runs?limit=1&order=-started", signal), waited ? 1500 : 0);
  const views = useResource<View[]>("views", (signal) => get("views", signal));
  const home = views.value?.find((one) => one.home);
  useEffect(() => {
    if (home) go(href(home.page) + (home.query ? `?${home.query}` : ""), true);
  }, [home]);
  if (home || (!views.value && !views.problem)) return <Loading what="the workbench" />;
  if (chosen === "learn") return <LearnPage />;
  if (chosen === "today") return <TodayPage />;
  if (problem && !value) return <ProblemBox problem={problem} again={again} />;
  if (!value) return <Loading what="the workbench" />;
  const none = value.total === 0;
  if (none && !waited) setWaited(true);
  if (!none && !waited) return <SystemsPage />;
  return <FirstRun run={value.items[0]} />;
}
