import { useState } from "preact/hooks";
import { Problem, get, part, send } from "../api";
import { Code } from "../components/code";
import { Link } from "../components/link";
import { Empty, Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { When } from "../components/state";
import { number } from "../format";
import { useResource } from "../resource";
import type { Model, Version } from "../types";
import type { TabProps } from "./system";

export function VersionsTab({ system, address, again }: TabProps) {
  const name = system.model?.name ?? system.name;
  if (!system.versions?.length)
    return (
      <Empty title="No version yet">
        <p>Until there is one, questions are answered from a quick fit. Training makes version 1, which never changes afterwards.</p>
        <Link class="button first" to={["systems", address]} query="tab=train">
          Train it
        </Link>
        <Code text={`castalia fit ${address.replace("~", "/")}`} what="the same in the shell" />
      </Empty>
    );
  return <VersionTable model={name} versions={system.versions} changed={again} />;
}

/** The versions of one model; one of them answers where no version is named: the champion. */
export function VersionTable({ model, versions, changed }: { model: string; versions: Version[]; changed: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const { value, again } = useResource<Model>(`models/${model}`, (signal) => get<Model>(`models/${part(model)}`, signal));
  const aliases = value?.aliases ?? {};
  const newest = Math.max(...versions.map((one) => one.version));
  const byHand = aliases.champion;
  const champion = byHand ?? newest;
  const metrics = [...new Set(versions.flatMap((one) => Object.keys(one.metrics ?? {})))].slice(0, 5);
  const crown = async (version: number | null): Promise<void> => {
    setProblem(undefined);
    try {
      if (version === null) await send("DELETE", `models/${part(model)}/aliases/champion`);
      else await send("PUT", `models/${part(model)}/aliases/champion`, { version });
      again();
      changed();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <div class="stack">
      {problem && <ProblemBox problem={problem} />}
      <div class="scroll" tabIndex={0} role="region" aria-label="Versions">
        <table>
          <caption class="hidden">Versions of {model}</caption>
          <thead>
            <tr>
              <th scope="col">Version</th>
              {metrics.map((one) => (
                <th scope="col" class="right" key={one}>
                  {one}
                </th>
              ))}
              <th scope="col">Made</th>
              <th scope="col">Run</th>
              <th scope="col">Champion</th>
            </tr>
          </thead>
          <tbody>
            {[...versions]
              .sort((a, b) => b.version - a.version)
              .map((one) => (
                <tr key={one.version}>
                  <th scope="row">
                    {model}@{one.version}
                  </th>
                  {metrics.map((name) => (
                    <td class="right" key={name}>
                      {number(one.metrics?.[name])}
                    </td>
                  ))}
                  <td>
                    <When value={one.created} />
                  </td>
                  <td>{one.run_id ? <Link to={["runs", one.run_id]}>{one.run_id.slice(0, 8)}</Link> : "–"}</td>
                  <td>
                    {one.version === champion ? (
                      <span class="chip accent">champion{byHand === undefined ? ", the newest" : ""}</span>
                    ) : (
                      <button type="button" class="button little" onClick={() => void crown(one.version)}>
                        Make champion<span class="hidden">: version {one.version}</span>
                      </button>
                    )}
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </div>
      {!value && <Loading what="the aliases" />}
      {byHand !== undefined && (
        <p class="small muted row">
          The champion was chosen by hand.
          <button type="button" class="button quiet little" onClick={() => void crown(null)}>
            Follow the newest again
          </button>
        </p>
      )}
    </div>
  );
}
