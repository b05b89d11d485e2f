import { checkOf, useChecks } from "../checks";
import { Link } from "../components/link";
import { Empty, Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Beside } from "./beside";
import { Build, ElsewhereBox } from "./build";
import type { TabProps } from "./system";

/** Build it yourself: the contract of this project where there is one, and your system beside ours. */
export function BuildTab(props: TabProps) {
  const { system } = props;
  const { value, problem, again } = useChecks();
  const line = checkOf(value, system);
  return (
    <div class="stack loose">
      {!value && !problem && <Loading what="the contract" />}
      {!value && problem && (problem.status === 403 ? <ElsewhereBox problem={problem} /> : <ProblemBox problem={problem} again={again} />)}
      {value && line && <Build address={line.address} />}
      {value && !line && (
        <Empty title="No check yet">
          <p>{system.title} has no contract, so nothing here can say whether what you build is right. You can build it all the same, on a shelf of your own, and compare the two below.</p>
          <p>
            What can be checked today is on the <Link to={["learn"]}>Learn</Link> page.
          </p>
        </Empty>
      )}
      <Beside {...props} checked={line !== undefined} />
    </div>
  );
}
