// Every model, with the version that answers.
import { get } from "../../api";
import { Code } from "../../components/code";
import { Link } from "../../components/link";
import { fits } from "../../components/listing";
import { Empty, Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { When } from "../../components/state";
import { number, plural } from "../../format";
import { useResource } from "../../resource";
import { setQuery, usePlace } from "../../router";
import type { ModelLine } from "../../types";
import { CHAMPION, metricsOf, tagged } from "./registry";

const register = `import mlflow

mlflow.set_tracking_uri("ADDRESS")
with mlflow.start_run():
    mlflow.sklearn.log_model(model, name="model", registered_model_name="sales")`;

export function ModelsPage() {
  const { query } = usePlace();
  const text = query.get("q") ?? "";
  const { value, problem, again } = useResource<ModelLine[]>("models", (signal) => get("models", signal), 15_000);
  const found = (value ?? []).filter((one) => fits(text, [one.name, one.system, one.source, one.description, ...Object.keys(one.aliases ?? {}), ...tagged(one.tags)]));
  return (
    <>
      <PageHead title="Models" note="Every version that was kept. A version never changes; the champion is the one that answers." />
      {problem && !value && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the models" />}
      {value?.length === 0 && <First />}
      {value && value.length > 0 && (
        <div class="stack">
          <div class="row apart">
            <input class="input models-filter" type="search" aria-label="Filter models" placeholder="Filter by name, system, alias or tag" value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
            <span class="faint small num" role="status">
              {text ? `${found.length} of ${plural(value.length, "model")}` : plural(value.length, "model")}
            </span>
          </div>
          {found.length ? <Table models={found} /> : <p class="muted">No model has “{text}” in its name, system, aliases, note or tags.</p>}
        </div>
      )}
    </>
  );
}

function First() {
  const address = new URL(document.baseURI).origin;
  return (
    <Empty title="No model yet">
      <p>A full fit keeps one; a quick fit does not.</p>
      <Code text="castalia fit churn" what="the line that makes a model" />
      <p>Models that another library trains are registered with MLflow's own client:</p>
      <Code text={register.replace("ADDRESS", address)} what="the lines that register a model" />
      <Link class="button" to={["systems"]}>
        Or train a system here
      </Link>
    </Empty>
  );
}

function Table({ models }: { models: ModelLine[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Models">
      <table class="registry">
        <caption class="hidden">Models</caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Champion</th>
            <th scope="col">Metrics of the champion</th>
            <th scope="col" class="right">
              Versions
            </th>
            <th scope="col">Made by</th>
            <th scope="col">Newest</th>
          </tr>
        </thead>
        <tbody>
          {models.map((one) => (
            <Line key={one.name} one={one} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const SHOWN = 3;

function Line({ one }: { one: ModelLine }) {
  const metrics = one.metrics ?? {};
  const names = metricsOf([{ version: one.champion ?? 0, metrics }]);
  const others = Object.entries(one.aliases ?? {}).filter(([alias]) => alias !== CHAMPION);
  const said = (one.description ?? "").split("\n", 1)[0]!;
  return (
    <tr class="link">
      <th scope="row">
        <Link to={["models", one.name]}>
          <bdi>{one.name}</bdi>
        </Link>
        {said && <p class="faint small said-short">{said}</p>}
      </th>
      <td>
        <span class="row names-of">
          {one.champion === null ? <span class="faint">no version</span> : <span class="chip accent">{one.champion}</span>}
          {others.slice(0, SHOWN).map(([alias, version]) => (
            <span class="chip" key={alias}>
              <bdi>{alias}</bdi> {version}
            </span>
          ))}
          {others.length > SHOWN && <span class="faint small">and {others.length - SHOWN}</span>}
        </span>
      </td>
      <td>
        <dl class="pairs">
          {names.slice(0, SHOWN).map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="num">{number(metrics[name])}</dd>
            </div>
          ))}
        </dl>
        {!names.length && <span class="faint">–</span>}
      </td>
      <td class="right">{one.versions}</td>
      <td>{one.system ? <Link to={["systems", one.system.replace("/", "~")]}>{one.system}</Link> : one.versions ? <span class="muted">MLflow's client</span> : <span class="faint">–</span>}</td>
      <td class="no-wrap">
        {one.versions ? <When value={one.updated ?? one.created} /> : <span class="faint">–</span>}
      </td>
    </tr>
  );
}
