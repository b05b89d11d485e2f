import { useEffect, useMemo, useState } from "preact/hooks";
import { get } from "../../api";
import { Code } from "../../components/code";
import { Icon } from "../../components/icons";
import { Filters, Narrow, Pager, fits } from "../../components/listing";
import { below, Menu, type Anchor, type MenuItems } from "../../components/menu";
import { Empty, Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { When } from "../../components/state";
import { useTrying } from "../../components/trying";
import { prefix } from "../../connection";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { go, setQuery, usePlace } from "../../router";
import type { Names } from "../runs/columns";
import { Days } from "./days";
import { addressOf, archive, bin, type Experiment, DAYS, runsOf, useExperiments } from "./experiments";
import { ExperimentPage } from "./one";
import { BestRun, Statuses } from "./parts";

const NOTE = "Sets of runs that belong together: how each stands, and which of its runs is best.";
const MOST = 200;

/** All experiments, or with ?id= the one of that number, whose name cannot stand in an address. */
export function ExperimentsPage() {
  const { query } = usePlace();
  const id = Number(query.get("id"));
  return query.has("id") && Number.isSafeInteger(id) ? <ExperimentPage key={id} id={id} /> : <List />;
}

type Kept = "active" | "archived" | "trash";
const orders = ["name", "runs", "best", "last"] as const;
type Order = (typeof orders)[number];

function keptOf(one: Experiment): Kept {
  return one.lifecycle === "deleted" ? "trash" : one.archived ? "archived" : "active";
}

/** The one that is always there says nothing until it has a run. */
const idle = (one: Experiment): boolean => one.id === 0 && !one.runs && !one.note && !one.gone && one.lifecycle === "active" && !Object.keys(one.tags).length;

function ordered(all: Experiment[], by: Order, down: boolean): Experiment[] {
  const of = (one: Experiment): number | string | null => (by === "name" ? one.name.toLowerCase() : by === "runs" ? one.runs : by === "best" ? (one.best?.value ?? null) : one.last);
  return [...all].sort((a, b) => {
    const [x, y] = [of(a), of(b)];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    const way = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return (down ? -way : way) || a.id - b.id;
  });
}

function List() {
  const { query } = usePlace();
  const metric = query.get("metric") ?? "";
  const text = query.get("q") ?? "";
  const kept: Kept = (["archived", "trash"] as const).find((one) => one === query.get("show")) ?? "active";
  const said = query.get("order") ?? "-last";
  const by = orders.find((one) => one === said.replace(/^-/, "")) ?? "last";
  const down = said.startsWith("-");
  const { value, problem, again } = useExperiments(metric);
  const [most, setMost] = useState(MOST);
  useEffect(() => setMost(MOST), [text, kept]);

  const all = useMemo(() => (value ?? []).filter((one) => !idle(one)), [value]);
  const wanted = (one: Experiment): boolean => keptOf(one) === kept && fits(text, [one.name, one.note, ...Object.entries(one.tags).flat()]);
  const found = useMemo(() => ordered(all.filter(wanted), by === "best" && !metric ? "last" : by, down), [all, text, kept, by, down, metric]);
  const empty = value !== undefined && !all.length;
  return (
    <>
      <PageHead title="Experiments" note={NOTE} />
      {problem && !value && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the experiments" />}
      {empty && <NoExperiments />}
      {value && !empty && (
        <>
          <Tools text={text} metric={metric} kept={kept} all={all} />
          <p class="small muted list-count" role="status">
            {plural(found.length, "experiment")}
            {kept === "archived" ? " out of sight" : kept === "trash" ? " in the trash, with the runs that went along" : ""}
          </p>
          {!found.length && <Nothing kept={kept} text={text} />}
          {found.length > 0 && <Table found={found.slice(0, most)} by={by} down={down} metric={metric} again={again} />}
          {found.length > most && <Pager said={`${most.toLocaleString("en")} of ${found.length.toLocaleString("en")}`} more={() => setMost(most + MOST)} />}
        </>
      )}
    </>
  );
}

function Tools({ text, metric, kept, all }: { text: string; metric: string; kept: Kept; all: Experiment[] }) {
  const names = useResource<Names>("runs/columns?newest=300", (signal) => get("runs/columns?newest=300", signal)).value;
  const metrics = useMemo(() => {
    const found = (names?.metrics ?? []).map((one) => one.name).filter((one) => !one.startsWith("system/"));
    return [...new Set([...(metric ? [metric] : []), ...found])];
  }, [names, metric]);
  const count = (one: Kept): number => all.filter((each) => keptOf(each) === one).length;
  return (
    <Filters id="exp" hint="Name, note or tag" text={text}>
      <Narrow id="exp-metric" label="Best by" name="metric" value={metric} options={[["", "its own metric"], ...metrics.map((one): [string, string] => [one, one])]} />
      <Narrow
        id="exp-show"
        label="Show"
        name="show"
        value={kept}
        options={[
          ["active", `In use (${count("active")})`],
          ["archived", `Archived (${count("archived")})`],
          ["trash", `Trash (${count("trash")})`],
        ]}
      />
    </Filters>
  );
}

function Table({ found, by, down, metric, again }: { found: Experiment[]; by: Order; down: boolean; metric: string; again: () => void }) {
  // The first click shows what one looks for: names from A, the best, the most, the newest.
  const upward = (order: Order): boolean => order === "name" || (order === "best" && found.some((one) => one.best?.down));
  const head = (label: string, order: Order) => (
    <th scope="col" aria-sort={by === order ? (down ? "descending" : "ascending") : "none"}>
      <button type="button" onClick={() => setQuery({ order: (by === order ? down : upward(order)) ? order : `-${order}` })}>
        {label}
        {by === order && <Icon name={down ? "down" : "up"} size={12} />}
      </button>
    </th>
  );
  const trouble = useTrying();
  return (
    <>
      {trouble.problem && <ProblemBox problem={trouble.problem} />}
      <div class="scroll" tabIndex={0} role="region" aria-label="Experiments">
        <table class="experiments">
          <caption class="hidden">Experiments, one a row</caption>
          <thead>
            <tr>
              {head("Experiment", "name")}
              {head("Runs", "runs")}
              <th scope="col">Last {DAYS} days</th>
              {metric ? head("Best run", "best") : <th scope="col">Best run</th>}
              {head("Last activity", "last")}
              <th scope="col">
                <span class="hidden">What can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {found.map((one) => (
              <Row key={one.id} one={one} again={again} attempt={trouble.attempt} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const tagsShown = 3;

function Row({ one, again, attempt }: { one: Experiment; again: () => void; attempt: (work: () => Promise<unknown>) => Promise<boolean> }) {
  const [at, setAt] = useState<Anchor>();
  const tags = Object.entries(one.tags).filter(([name]) => !/^(mlflow|castalia)\./.test(name));
  const line = one.note.split("\n").map((each) => each.replace(/^[#>\s*-]+|[*`]/g, "").trim()).find(Boolean);
  const kept = keptOf(one);
  const act = (work: () => Promise<unknown>) => () => void attempt(work);
  const items: MenuItems =
    kept === "trash"
      ? [{ label: "Restore it with its runs", act: act(() => bin(one, false, again)) }]
      : [
          { label: "Show its runs", act: () => go(runsOf(one)) },
          { label: "Rename, note and tags", act: () => go(addressOf(one)) },
          null,
          { label: kept === "archived" ? "Bring it back" : "Archive", act: act(() => archive(one, kept !== "archived", again)) },
          { label: "Into the trash with its runs", danger: true, act: act(() => bin(one, true, again)) },
        ];
  return (
    <tr class="link">
      <th scope="row" class="exp-name">
        <a href={addressOf(one)}>
          <bdi>{one.name}</bdi>
        </a>
        {line && <span class="glance">{line}</span>}
        {tags.length > 0 && (
          <ul class="tag-list">
            {tags.slice(0, tagsShown).map(([name, value]) => (
              <li key={name} class="chip">
                <span>
                  {name}
                  {value && `: ${value}`}
                </span>
              </li>
            ))}
            {tags.length > tagsShown && <li class="chip">+{tags.length - tagsShown}</li>}
          </ul>
        )}
      </th>
      <td data-label="Runs">
        {kept === "trash" ? (
          <span class="muted">{plural(one.gone, "run")} come back with it</span>
        ) : one.runs ? (
          <div>
            <a href={runsOf(one)}>{plural(one.runs, "run")}</a>
            <Statuses one={one} />
          </div>
        ) : (
          <span class="faint">no run yet</span>
        )}
      </td>
      <td data-label={`Last ${DAYS} days`}>{one.activity && <Days days={one.activity} />}</td>
      <td data-label="Best run">{one.best ? <BestRun best={one.best} /> : <span class="faint">–</span>}</td>
      <td data-label="Last activity" class="when">
        <When value={one.last} />
      </td>
      <td class="more">
        <button
          type="button"
          class="icon-button"
          aria-haspopup="menu"
          aria-expanded={at !== undefined}
          aria-label={`What can be done with ${one.name}`}
          onClick={(event) => setAt(below(event.currentTarget))}
        >
          <Icon name="more" />
        </button>
        {at && <Menu label={`What can be done with ${one.name}`} items={items} at={at} close={() => setAt(undefined)} />}
      </td>
    </tr>
  );
}

function Nothing({ kept, text }: { kept: Kept; text: string }) {
  if (text)
    return (
      <Empty title="No experiment fits">
        <p>These words are looked for in names, notes and tags.</p>
        <button type="button" class="button" onClick={() => setQuery({ q: "" })}>
          Clear the search
        </button>
      </Empty>
    );
  if (kept === "archived") return <Empty title="Nothing is archived">{<p>Archive an experiment that is finished: it stays as it is, out of this list. Its runs stay where they are.</p>}</Empty>;
  if (kept === "trash") return <Empty title="The trash is empty">{<p>Experiments that are thrown away wait here with their runs.</p>}</Empty>;
  return (
    <Empty title="None is in use">
      <p>All are archived or in the trash.</p>
    </Empty>
  );
}

const python = `import castalia

with castalia.run("digits") as run:  # the experiment
    run.log(0, loss=1.0)`;

function NoExperiments() {
  return (
    <Empty title="No experiment yet">
      <p>The first run makes one: it is the name that runs are logged under. It appears here by itself.</p>
      <div class="ways">
        <div class="stack tight">
          <h3>From your own Python</h3>
          <Code text={python} what="the lines of Python" />
        </div>
        <div class="stack tight">
          <h3>From code that logs with MLflow</h3>
          <Code text={'import mlflow\n\nmlflow.set_experiment("digits")'} what="the lines for MLflow" />
          <Code text={`MLFLOW_TRACKING_URI=${location.origin}${prefix.replace(/\/$/, "")} python train.py`} what="the line for a script with MLflow" wrap />
        </div>
        <div class="stack tight">
          <h3>From the shell</h3>
          <Code text="castalia fit neural_net --quick" what="the line that trains a network" />
        </div>
      </div>
    </Empty>
  );
}
