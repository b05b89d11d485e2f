import { Code } from "../components/code";
import { Link } from "../components/link";
import { Empty, Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { useResource } from "../resource";
import type { Model } from "../types";
import { loadModel } from "./models/registry";
import { VersionTable } from "./models/table";
import type { TabProps } from "./system";

export function VersionsTab({ system, address, again }: TabProps) {
  const name = system.model?.name ?? system.name;
  const many = system.versions?.length ?? 0;
  const found = useResource<Model>(many ? `models/${name}` : "", loadModel(name));
  if (!many)
    return (
      <Empty title="No version yet">
        <p>Until there is one, questions are answered from a quick fit. Training makes version 1, which never changes afterwards.</p>
        <Link class="button first" to={["systems", address]} query="tab=train">
          Train it
        </Link>
        <Code text={`castalia fit ${address.replace("~", "/")}`} what="the same in the shell" />
      </Empty>
    );
  if (!found.value) return found.problem ? <ProblemBox problem={found.problem} again={found.again} /> : <Loading what="the versions" />;
  const changed = (): void => {
    found.again();
    again();
  };
  return (
    <div class="stack">
      <VersionTable model={found.value} versions={found.value.versions} changed={changed} />
      <p class="small">
        <Link to={["models", name]}>Compare them, their history and lineage</Link>
      </p>
    </div>
  );
}
