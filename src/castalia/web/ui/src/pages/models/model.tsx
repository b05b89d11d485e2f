// One model: its versions, beside each other where some are chosen, its note and tags, and the history of its aliases.
import { send } from "../../api";
import { Code } from "../../components/code";
import { NoteEditor, TagEditor } from "../../components/editing";
import { Link } from "../../components/link";
import { fits } from "../../components/listing";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { tell } from "../../components/toast";
import { useTrying } from "../../components/trying";
import { plural } from "../../format";
import { useResource } from "../../resource";
import { setQuery, usePlace } from "../../router";
import { quote } from "../../shell";
import type { Model } from "../../types";
import { MissingPage } from "../missing";
import { Bare } from "./bare";
import { Beside } from "./beside";
import { History } from "./history";
import { literal, loadModel, modelAt, plain, promote, tagged, useOlder } from "./registry";
import { VersionTable } from "./table";
import { VersionPage } from "./version";

const NOTE = 100_000;
const MOST = 8;

export function ModelPage({ name }: { name: string }) {
  const { query } = usePlace();
  const { value, problem, again } = useResource<Model>(`models/${name}`, loadModel(name), 15_000);
  if (!value) return problem?.status === 404 ? <MissingPage what={`There is no model ${name}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the model" />;
  const version = query.get("version");
  if (version) return <VersionPage key={version} model={value} number={Number(version)} changed={again} />;
  if (!value.versions.length) return <Bare model={value} />;
  return <Whole model={value} changed={again} history={query.get("tab") === "history"} />;
}

function Whole({ model, changed, history }: { model: Model; changed: () => void; history: boolean }) {
  const ours = model.versions.find((one) => one.system);
  const tabs: [string, string, boolean][] = [
    ["", "Versions", !history],
    ["tab=history", "History", history],
  ];
  return (
    <>
      <PageHead title={model.name} crumbs={[{ label: "Models", to: ["models"] }]} note="Where no version is named, the champion answers: the one that was promoted, else the newest.">
        <div class="row small">
          <Link class="chip accent" to={["models", model.name]} query={`version=${model.champion}`}>
            champion: version {model.champion}
          </Link>
          <Link to={["models", model.name]} query={`version=${model.champion}&tab=card`}>
            Its card
          </Link>
          {ours?.system && <Asks model={model} system={ours.system} />}
        </div>
      </PageHead>
      <nav class="tabs" aria-label="Parts of the model">
        {tabs.map(([query, label, now]) => (
          <Link key={label} to={["models", model.name]} query={query} {...(now ? { "aria-current": "page" as const } : {})}>
            {label}
          </Link>
        ))}
      </nav>
      {history ? <History model={model} changed={changed} /> : <Versions model={model} changed={changed} />}
    </>
  );
}

function Asks({ model, system }: { model: Model; system: string }) {
  const address = system.replace("/", "~");
  return (
    <>
      <Link to={["systems", model.name === system.replace("/", ".") ? address : model.name]}>Ask it</Link>
      <Link to={["systems", address]} query="tab=lesson">
        What {system} is
      </Link>
    </>
  );
}

function Versions({ model, changed }: { model: Model; changed: () => void }) {
  const { query } = usePlace();
  const text = query.get("q") ?? "";
  const { versions, more, show } = useOlder(model);
  const { problem, busy, attempt } = useTrying();
  const known = new Set(versions.map((one) => one.version));
  const chosen = [...new Set((query.get("compare") ?? "").split(",").map(Number))].filter((one) => known.has(one)).slice(0, MOST);
  const found = versions.filter((one) => fits(text, [`version ${one.version}`, one.label, one.stage, one.note, one.run?.name, one.run_id, one.source, model.champion === one.version ? "champion" : "", ...(one.aliases ?? []), ...tagged(one.tags)]));
  return (
    <div class="stack loose">
      <div class="stack">
        {versions.length > 3 && (
          <div class="row apart">
            <input class="input models-filter" type="search" aria-label="Filter versions" placeholder="Filter by alias, tag, stage, run or note" value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
            <span class="faint small num" role="status">
              {text && `${found.length} of `}
              {more && "the newest "}
              {plural(versions.length, "version")}
            </span>
          </div>
        )}
        {found.length ? <VersionTable model={model} versions={found} changed={changed} chosen={chosen} choose={(some) => setQuery({ compare: some.slice(-MOST).join(",") })} /> : <p class="muted">No version has “{text}” in its aliases, tags, stage, run or note.</p>}
        {more && (
          <div class="row">
            <button type="button" class="button little" disabled={busy} onClick={() => void attempt(show)}>
              Show older versions
            </button>
          </div>
        )}
        {problem && <ProblemBox problem={problem} />}
        {model.aliases?.champion !== undefined && (
          <p class="small muted row">
            The champion was chosen by hand.
            <button type="button" class="button quiet little" onClick={() => void promote(model, "champion", null, "", changed).catch((error: Error) => tell({ said: error.message, wrong: true }))}>
              Follow the newest again
            </button>
          </p>
        )}
        {versions.length > 1 && chosen.length < 2 && <p class="faint small">{chosen.length ? "Choose another version to see the two beside each other." : "Choose two versions or more to see them beside each other."}</p>}
      </div>
      {chosen.length > 1 && <Beside model={model} chosen={chosen} />}
      <div class="two run-two">
        <div class="stack loose">
          <NoteEditor text={model.description ?? ""} hint="What this model is for. Markdown." most={NOTE} put={(changes) => send("PATCH", modelAt(model.name), changes).finally(changed)} />
          <TagEditor tags={model.tags ?? {}} put={(changes) => send("PATCH", modelAt(model.name), changes).finally(changed)} />
        </div>
        <Use model={model} />
      </div>
    </div>
  );
}

function Use({ model }: { model: Model }) {
  const ours = model.versions.find((one) => one.version === model.champion)?.ours;
  return (
    <section class="stack tight" aria-label="Use it">
      <h2>Use it</h2>
      {ours ? (
        <>
          <Code text={`import castalia\n\nmodel = castalia.load(${literal(`${model.name}@champion`)})`} what="the lines of Python" />
          <Code text={`castalia call ${model.name}@champion`} what="the line for the shell" wrap />
        </>
      ) : (
        <Code text={`import mlflow\n\nmodel = mlflow.pyfunc.load_model(${literal(`models:/${model.name}/${model.champion}`)})`} what="the lines of Python" />
      )}
      {plain(model.name) && <Code text={`castalia models promote ${quote(model.name)} ${model.newest} --reason "better on last week's data"`} what="the line that promotes a version" wrap />}
    </section>
  );
}
