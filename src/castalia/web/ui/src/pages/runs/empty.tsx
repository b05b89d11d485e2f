import { Code } from "../../components/code";
import { Link } from "../../components/link";
import { Empty } from "../../components/page";
import { prefix } from "../../connection";
import { show, type Shown } from "./address";
import { kindOf } from "./conditions";

const python = `import castalia

with castalia.run("first") as run:
    run.log(0, loss=1.0)`;

/** Nothing was logged yet: three ways, and the page that turns by itself. */
export function NoRuns() {
  return (
    <Empty title="Waiting for your first run">
      <p class="row whole" role="status">
        <span class="pulse" aria-hidden="true" /> <span>A run is one training: its parameters, its curves, its files. It appears here at once. Three ways to make one:</span>
      </p>
      <div class="ways">
        <div class="stack tight">
          <h3>From your own Python</h3>
          <Code text={python} what="the lines of Python" />
        </div>
        <div class="stack tight">
          <h3>From code that logs with MLflow</h3>
          <Code text={`MLFLOW_TRACKING_URI=${location.origin}${prefix.replace(/\/$/, "")} python train.py`} what="the line for a script with MLflow" wrap />
        </div>
        <div class="stack tight">
          <h3>From the shell</h3>
          <Code text="castalia fit neural_net --quick" what="the line that trains a network" />
        </div>
      </div>
      <Link class="button" to={["systems"]}>
        Or train a system here
      </Link>
    </Empty>
  );
}

/** No run fits: what narrows the list, each a click away from being gone. */
export function NothingFound({ shown }: { shown: Shown }) {
  const kind = kindOf(shown.text);
  if (shown.kept === "trash" && kind === "none" && !shown.where.length) return <Empty title="The trash is empty">{<p>Runs that are deleted wait here until they are restored or deleted for good.</p>}</Empty>;
  if (shown.kept === "archived" && kind === "none" && !shown.where.length) return <Empty title="Nothing is archived">{<p>Archive a run with the key a: it stays as it is, out of sight.</p>}</Empty>;
  return (
    <Empty title="No run fits">
      <p>{kind === "words" ? "These words are looked for in the name, the experiment, the system and the id of a run. For anything else write a condition, such as params.rate > 0.01." : "Take something away:"}</p>
      <div class="row">
        {shown.text && (
          <button type="button" class="button" onClick={() => show({ text: "" })}>
            Clear the filter
          </button>
        )}
        {shown.where.map((one, i) => (
          <button type="button" class="button" key={one} onClick={() => show({ where: shown.where.filter((_, n) => n !== i) })}>
            Without <bdi>{one}</bdi>
          </button>
        ))}
        {shown.kept !== "all" && shown.kept !== "trash" && (
          <button type="button" class="button" onClick={() => show({ kept: "all" })}>
            Look among archived runs too
          </button>
        )}
        <button type="button" class="button quiet" onClick={() => show({ text: "", where: [], kept: "active" })}>
          Show all runs
        </button>
      </div>
    </Empty>
  );
}
