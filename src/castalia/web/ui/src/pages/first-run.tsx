import { useEffect, useState } from "preact/hooks";
import { Problem, get, part } from "../api";
import { Code } from "../components/code";
import { FileDrop } from "../components/file-drop";
import { FileButton } from "../components/file-field";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Status, When } from "../components/state";
import { DataTable } from "../components/table";
import { plural } from "../format";
import { prefix } from "../connection";
import { chooseHome } from "../home-choice";
import { Build } from "../parts";
import { useResource } from "../resource";
import type { DataColumn, DataContent, RunRow, SystemCard } from "../types";
import { addData, type Added } from "../uploads";

const lines = `import castalia

with castalia.run("first") as run:
    for step in range(100):
        run.log(step, loss=1 / (step + 1))`;

/** Two doors: learn, with an exercise that is checked on the spot, or use, with three ways to a first run. */
export function FirstRun({ run }: { run: RunRow | undefined }) {
  const systems = useResource<SystemCard[]>("systems", (signal) => get("systems", signal)).value ?? [];
  const digit = systems.find((one) => one.name === "neural_net") ?? systems.find((one) => /digit/i.test(`${one.title} ${one.summary}`));
  const first = systems[0];
  return (
    <>
      <div class="hero">
        <PageHead title={run ? "Your first run is here" : "Learn it, or use it"} />
        {run ? (
          <>
            <p role="status" class="row">
              <Status status={run.status} /> <Link to={["runs", run.run_id]}>{run.name || run.experiment || run.run_id.slice(0, 8)}</Link> <When value={run.started} />
            </p>
            <p class="row">
              <Link class="button first" to={["runs", run.run_id]}>
                Watch it
              </Link>
              <Link class="button" to={["systems"]}>
                Open the systems
              </Link>
            </p>
          </>
        ) : (
          <p>
            Fix a small piece of code and have it checked, two minutes. Or go straight to{" "}
            <a
              href="#use"
              onClick={(event) => {
                event.preventDefault();
                const use = document.getElementById("use");
                use?.scrollIntoView({ block: "start" });
                use?.focus({ preventScroll: true });
              }}
            >
              your first run
            </a>
            .
          </p>
        )}
      </div>
      <div class="stack doorways">
        <section class="stack" aria-labelledby="learn">
          <h2 id="learn">Learn: this softmax is wrong, fix it</h2>
          <p class="muted">It turns numbers into probabilities, and gives nan for large ones. Change a line, then check.</p>
          <Build address="softmax" door green={<Green />} />
        </section>
        <section class="stack" aria-labelledby="use">
          <h2 id="use" tabIndex={-1} class="scrolled">
            Use: {run ? "three ways to go on" : "waiting for your first run"}
          </h2>
          {!run && (
            <p class="row whole muted" role="status">
              <span class="pulse" aria-hidden="true" /> <span>It appears here at once. Three ways to begin:</span>
            </p>
          )}
          <ul class="doors">
            <li class="card stack">
              <h3>Train from the shell</h3>
              <p class="muted">One line; the curve appears here while it learns.</p>
              <Code text={`castalia fit ${first?.name ?? "neural_net"} --quick`} what="the line for the shell" wrap />
              <p class="muted small">Or from your own Python:</p>
              <Code text={lines} what="the lines of Python" />
              <p class="muted small">Or with the MLflow client that your code has already:</p>
              <Code text={`MLFLOW_TRACKING_URI=${location.origin}${prefix.replace(/\/$/, "")} python train.py`} what="the line for a script with MLflow" wrap />
            </li>
            <li class="card stack">
              <h3>Drop a CSV</h3>
              <DropCsv systems={systems} />
            </li>
            <li class="card stack">
              <h3>Draw a digit</h3>
              <p class="muted">A small network, written in NumPy alone, reads what you draw. It learns on the spot, in seconds.</p>
              <p>
                {digit ? (
                  <Link class="button first" to={["systems", digit.address || digit.name]} query="tab=ask&draw=1">
                    Draw one
                  </Link>
                ) : (
                  <Link class="button" to={["systems"]}>
                    See what is built
                  </Link>
                )}
              </p>
            </li>
          </ul>
        </section>
      </div>
    </>
  );
}

/** After the first green check: where to go on. From then on this page opens on what can be built. */
function Green() {
  useEffect(() => chooseHome("learn"), []);
  return (
    <div class="stack tight">
      <p>That was a real check of real code. What next?</p>
      <p class="row">
        <Link class="button first" to={["today"]}>
          Make a plan
        </Link>
        <Link class="button" to={["learn", "basics"]}>
          Next: basics
        </Link>
        <Link class="button" to={["systems"]}>
          Open the systems
        </Link>
      </p>
    </div>
  );
}

function DropCsv({ systems }: { systems: SystemCard[] }) {
  const [added, setAdded] = useState<Added>();
  const [content, setContent] = useState<DataContent>();
  const [problem, setProblem] = useState<Problem>();
  const take = async (file: File): Promise<void> => {
    setProblem(undefined);
    setAdded(undefined);
    setContent(undefined);
    try {
      const kept = await addData(file);
      setAdded(kept);
      setContent(await get<DataContent>(`data/${part(kept.name)}`));
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  };
  const preview = content?.preview;
  const churn = systems.find((one) => one.name === "churn");
  return (
    <>
      <p class="muted">It is kept on this machine as a data set with a name and a version.</p>
      <FileDrop class="drop stack" onFile={(file) => void take(file)}>
        <span class="muted small">Drop it here, or</span>
        <span>
          <FileButton label="Choose a CSV" accept=".csv,text/csv" onFile={(file) => void take(file)} />
        </span>
      </FileDrop>
      {problem && <ProblemBox problem={problem} />}
      {preview?.rows?.length ? <DataTable caption="The first rows" columns={preview.columns} rows={preview.rows.slice(0, 5)} /> : null}
      <p role="status" class={added ? "state good" : "hidden"}>
        {added && (
          <>
            <Icon name="check" /> <span>
              Kept as <code>{added.name}@{added.version}</code>
              {added.rows ? `, ${plural(added.rows, "row")}` : ""}
            </span>
          </>
        )}
      </p>
      {added && churn && content?.columns && <TrainOn key={added.name} name={added.name} columns={content.columns} system={churn} />}
    </>
  );
}

/** The column to predict, of those that take two values; then the page that trains, or the line for the shell. */
function TrainOn({ name, columns, system }: { name: string; columns: DataColumn[]; system: SystemCard }) {
  const two = columns.filter((one) => one.kind === "boolean" || one.choices?.length === 2 || (one.kind === "integer" && one.minimum === 0 && one.maximum === 1));
  const [target, setTarget] = useState(() => (two.find((one) => /churn|target|label|class|left|outcome/i.test(one.name)) ?? two[two.length - 1])?.name ?? "");
  if (!two.length) return <p class="muted small">No column takes exactly two values, which is what {system.title} learns to predict.</p>;
  const query = new URLSearchParams({ tab: "train", data: name, target, as: name });
  const plain = /^[A-Za-z0-9_.-]+$/.test(target) ? target : `'${target.replace(/'/g, `'\\''`)}'`;
  return (
    <>
      <div class="field">
        <label class="label" for="csv-target">
          Column to predict
        </label>
        <select id="csv-target" class="input" value={target} onChange={(event) => setTarget(event.currentTarget.value)}>
          {two.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
            </option>
          ))}
        </select>
        <span class="help">Those that take two values.</span>
      </div>
      <p>
        <Link class="button first" to={["systems", system.address || system.name]} query={query.toString()}>
          Train on it
        </Link>
      </p>
      <p class="muted small">Or in the shell:</p>
      <Code text={`castalia fit ${system.name} --data ${name} --target ${plain} --as ${name}`} what="the line that trains on it" wrap />
    </>
  );
}

