import { useState } from "preact/hooks";
import { Problem, get, part } from "../api";
import { Code } from "../components/code";
import { FileButton } from "../components/file-field";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Status, When } from "../components/state";
import { DataTable } from "../components/table";
import { plural } from "../format";
import { useResource } from "../resource";
import type { DataColumn, DataContent, RunRow, SystemCard } from "../types";
import { addData, type Added } from "../uploads";

const lines = `import castalia

with castalia.run("first") as run:
    for step in range(100):
        run.log(step, loss=1 / (step + 1))`;

/** Three ways to begin, and the run as soon as it is there. */
export function FirstRun({ run }: { run: RunRow | undefined }) {
  const systems = useResource<SystemCard[]>("systems", (signal) => get("systems", signal)).value ?? [];
  const digit = systems.find((one) => one.name === "neural_net") ?? systems.find((one) => /digit/i.test(`${one.title} ${one.summary}`));
  const first = systems[0];
  return (
    <>
      <div class="hero">
        <PageHead title={run ? "Your first run is here" : "Waiting for your first run"} />
        <p role="status" class={run ? "row" : "row whole"}>
          {run ? (
            <>
              <Status status={run.status} /> <Link to={["runs", run.run_id]}>{run.name || run.experiment || run.run_id.slice(0, 8)}</Link> <When value={run.started} />
            </>
          ) : (
            <>
              <span class="pulse" aria-hidden="true" /> <span>It appears here at once. Three ways to begin:</span>
            </>
          )}
        </p>
        {run && (
          <p class="row">
            <Link class="button first" to={["runs", run.run_id]}>
              Watch it
            </Link>
            <Link class="button" to={["systems"]}>
              Open the systems
            </Link>
          </p>
        )}
      </div>
      <ul class="doors">
        <li class="card stack">
          <h2>Train from the shell</h2>
          <p class="muted">One line; the curve appears here while it learns.</p>
          <Code text={`castalia fit ${first?.name ?? "neural_net"} --quick`} what="the line for the shell" wrap />
          <p class="muted small">Or from your own Python:</p>
          <Code text={lines} what="the lines of Python" />
        </li>
        <li class="card stack">
          <h2>Drop a CSV</h2>
          <DropCsv systems={systems} />
        </li>
        <li class="card stack">
          <h2>Draw a digit</h2>
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
    </>
  );
}

function DropCsv({ systems }: { systems: SystemCard[] }) {
  const [over, setOver] = useState(false);
  const [added, setAdded] = useState<Added>();
  const [content, setContent] = useState<DataContent>();
  const [problem, setProblem] = useState<Problem>();
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
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
      <div
        class={over ? "drop over stack" : "drop stack"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <span class="muted small">Drop it here, or</span>
        <span>
          <FileButton label="Choose a CSV" accept=".csv,text/csv" onFile={(file) => void take(file)} />
        </span>
      </div>
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

