import { useEffect } from "preact/hooks";
import { get, part } from "../api";
import { Code } from "../components/code";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { words } from "../format";
import { AskTab, BatchTab, BuildTab, LessonTab, SourceTab, TrainTab, VersionsTab, ViewsTab } from "../parts";
import { useResource } from "../resource";
import { usePlace } from "../router";
import type { System } from "../types";
import { MissingPage } from "./missing";

export interface TabProps {
  system: System;
  address: string;
  again: () => void;
}

/** One system: its tabs are links, so that each can be kept, sent and gone back to. */
export function SystemPage({ name }: { name: string }) {
  const { query } = usePlace();
  const { value: system, problem, again } = useResource<System>(`systems/${name}`, (signal) => get(`systems/${part(name)}`, signal));
  const tabWanted = query.get("tab") ?? "ask";
  useEffect(() => {
    // On a phone the row of tabs is wider than the page: the one that is open is brought into sight.
    document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [tabWanted, system === undefined]);
  if (!system && problem?.status === 404 && problem.got.startsWith("a ")) return <MissingPage what={problem.subject} to={{ label: `Open ${name}`, path: ["projects", name] }} />;
  if (!system && problem?.status === 404) return <MissingPage what={`There is no system or model ${name}${problem.cure.startsWith("Did you mean") ? `. ${problem.cure}` : ""}`} />;
  if (!system) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what={name} />;

  const verbs = (system.verbs ?? []).filter((one) => one.name !== "call" && one.name !== "__call__");
  const tabs: [string, string][] = [
    ["ask", "Ask"],
    ...verbs.map((one): [string, string] => [`verb-${one.name}`, words(one.name)]),
    ...(system.predict ? [["batch", "Batch"] as [string, string]] : []),
    ...(system.params ? [["train", "Train"] as [string, string]] : []),
    ...(system.view ? [["views", "Views"] as [string, string]] : []),
    ["versions", "Versions"],
    ...(system.lesson ? [["lesson", "Lesson"] as [string, string]] : []),
    ["build", "Build it yourself"],
    ["source", "Source"],
  ];
  const tab = tabs.some(([id]) => id === tabWanted) ? tabWanted : "ask";
  const shared: TabProps = { system, address: name, again };
  const verb = verbs.find((one) => `verb-${one.name}` === tab);
  return (
    <>
      <PageHead title={system.title || system.name} crumbs={[{ label: "Systems", to: ["systems"] }]} note={system.summary}>
        <p class="row small faint">
          <span class="number">{system.project}</span>
          {system.skill && <span>{system.skill}</span>}
          {system.model?.label && <span class="chip accent">{system.model.label}</span>}
        </p>
      </PageHead>
      {system.missing && (
        <div class="empty">
          <p class="state warn">
            <Icon name="alert" /> It needs libraries that are not installed. This line brings them; then start the workbench again:
          </p>
          <Code text={system.missing} what="the line that installs what is missing" wrap />
        </div>
      )}
      <nav class="tabs" aria-label={system.title || system.name}>
        {tabs.map(([id, label]) => (
          <Link key={id} to={["systems", name]} query={`tab=${part(id)}`} {...(id === tab ? { "aria-current": "page" as const } : {})}>
            {label}
          </Link>
        ))}
      </nav>
      {tab === "ask" && <AskTab key="ask" {...shared} />}
      {verb && <AskTab key={verb.name} {...shared} verb={verb} />}
      {tab === "batch" && <BatchTab {...shared} />}
      {tab === "train" && <TrainTab {...shared} />}
      {tab === "views" && <ViewsTab {...shared} />}
      {tab === "versions" && <VersionsTab {...shared} />}
      {tab === "lesson" && <LessonTab {...shared} />}
      {tab === "build" && <BuildTab {...shared} />}
      {tab === "source" && <SourceTab {...shared} />}
    </>
  );
}
