import { useState } from "preact/hooks";
import { get, part } from "../api";
import { bare, checkOf, useChecks } from "../checks";
import { Cover, Files, type SourceFile } from "../components/cover";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import type { Project } from "../learning";
import { useResource } from "../resource";
import type { TabProps } from "./system";

/** The reference's source lies under a cover: whoever wants to build it first is not shown the answer. */
export function SourceTab({ system, address }: TabProps) {
  const { value: lines, problem } = useChecks();
  const line = checkOf(lines, system);
  if (!lines && !problem) return <Loading what="the cover" />;
  // A system of one's own is not the solution; without a contract, or from another machine, nothing is counted.
  return line && line.address === bare(system) ? <Counted title={system.title} check={line.address} address={address} /> : <Plain title={system.title} address={address} />;
}

function Counted({ title, check, address }: { title: string; check: string; address: string }) {
  const { value, problem, again } = useResource<Project>(`checks/${check}`, (signal) => get(`checks/${part(check)}`, signal));
  const [opened, setOpened] = useState(false);
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the cover" />;
  return value.opened || opened ? <Source address={address} /> : <Cover title={title} counted={check} open={() => setOpened(true)} />;
}

function Plain({ title, address }: { title: string; address: string }) {
  const key = `castalia.uncovered.${address}`;
  const [open, setOpen] = useState(() => sessionStorage.getItem(key) === "yes");
  if (open) return <Source address={address} />;
  const uncover = (): void => {
    sessionStorage.setItem(key, "yes");
    setOpen(true);
  };
  return <Cover title={title} counted={undefined} open={uncover} />;
}

function Source({ address }: { address: string }) {
  const { value, problem, again } = useResource<SourceFile[]>(`systems/${address}/source`, (signal) => get(`systems/${part(address)}/source`, signal));
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the source" />;
  return <Files files={value} />;
}
