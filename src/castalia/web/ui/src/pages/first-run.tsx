import { useState } from "preact/hooks";
import { Problem, get } from "../api";
import { Code } from "../components/code";
import { FileButton } from "../components/file-field";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Status, When } from "../components/state";
import { DataTable } from "../components/table";
import { parse } from "../csv";
import { plural } from "../format";
import { useResource } from "../resource";
import type { RunRow, SystemCard } from "../types";
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
        <p role="status" class="row">
          {run ? (
            <>
              <Status status={run.status} /> <Link to={["runs", run.run_id]}>{run.name || run.experiment || run.run_id.slice(0, 8)}</Link> <When value={run.started} />
            </>
          ) : (
            <>
              <span class="pulse" aria-hidden="true" /> This page turns as soon as something is logged. Three ways to begin:
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
              <Link class="button first" to={["systems", digit.address || digit.name]} query="tab=ask">
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
  const [rows, setRows] = useState<string[][]>([]);
  const [added, setAdded] = useState<Added>();
  const [problem, setProblem] = useState<Problem>();
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setProblem(undefined);
    setRows(parse(await file.slice(0, 60_000).text(), 6));
    try {
      setAdded(await addData(file));
    } catch (error) {
      setRows([]);
      if (error instanceof Problem) setProblem(error);
    }
  };
  const tables = systems.filter((one) => one.name === "automl" || one.name === "churn");
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
      {rows.length > 1 && <DataTable caption="The first rows" columns={rows[0]!} rows={rows.slice(1)} />}
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
      {added && tables.map((one) => <Code key={one.name} text={`castalia fit ${one.name} --data ${added.name}`} what={`the line that trains ${one.title}`} wrap />)}
    </>
  );
}

