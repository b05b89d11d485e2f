// The versions of one model as a table: what they measured, what they came of, which of them answers.
import { useState } from "preact/hooks";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { Status, When } from "../../components/state";
import { aligned } from "../../format";
import { setQuery, usePlace } from "../../router";
import type { Model, Version } from "../../types";
import { PromoteDialog } from "./promote";
import { CHAMPION, isolated, metricsOf, size } from "./registry";

const METRICS = 6;

interface Props {
  model: Model;
  versions: Version[];
  changed: () => void;
  /** Those that are shown beside each other; none may be chosen where this is left out. */
  chosen?: number[];
  choose?: (versions: number[]) => void;
}

export function VersionTable({ model, versions, changed, chosen, choose }: Props) {
  const { query } = usePlace();
  const [promoting, setPromoting] = useState<number>();
  const metrics = metricsOf(versions).slice(0, METRICS);
  const staged = versions.some((one) => one.stage && one.stage !== "None");
  const sort = choose ? (query.get("sort") ?? "-version") : "-version";
  const shown = sorted(versions, sort);
  const best = new Map(metrics.map((name) => [name, bestOf(versions, name, model.down?.[name])]));
  const head = (key: string, label: string, right = false) =>
    choose ? (
      <th scope="col" class={right ? "right" : ""} aria-sort={sort === key ? "ascending" : sort === `-${key}` ? "descending" : undefined}>
        <button type="button" class="sorter" onClick={() => setQuery({ sort: sort === `-${key}` ? key : `-${key}` })}>
          {label}
          {(sort === key || sort === `-${key}`) && <Icon name={sort === key ? "up" : "down"} size={12} />}
        </button>
      </th>
    ) : (
      <th scope="col" class={right ? "right" : ""}>
        {label}
      </th>
    );
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Versions">
        <table class="registry">
          <caption class="hidden">Versions of {model.name}</caption>
          <thead>
            <tr>
              {choose && (
                <th scope="col">
                  <span class="hidden">Beside each other</span>
                </th>
              )}
              {head("version", "Version")}
              <th scope="col">Goes by</th>
              {staged && <th scope="col">Stage</th>}
              {metrics.map((one) => head(`metrics.${one}`, one, true))}
              {head("created", "Created")}
              <th scope="col">Run</th>
              <th scope="col">Source</th>
              <th scope="col">
                <span class="hidden">Promote</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.version}>
                {choose && (
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Version ${one.version} beside others`}
                      checked={chosen!.includes(one.version)}
                      onChange={(event) => choose(event.currentTarget.checked ? [...chosen!, one.version] : chosen!.filter((each) => each !== one.version))}
                    />
                  </td>
                )}
                <th scope="row" class="no-wrap">
                  <Link to={["models", model.name]} query={`version=${one.version}`} aria-label={`${model.name}, version ${one.version}`}>
                    {choose ? `Version ${one.version}` : `${isolated(model.name)}@${one.version}`}
                  </Link>
                </th>
                <td>
                  <Names model={model} version={one} />
                </td>
                {staged && <td>{one.stage === "None" ? <span class="faint">–</span> : one.stage}</td>}
                {metrics.map((name) => (
                  <td class="right" key={name}>
                    {versions.length > 1 && best.get(name) === one.version && <span class="best">best </span>}
                    {aligned(one.metrics?.[name])}
                  </td>
                ))}
                <td class="no-wrap">
                  <When value={one.created} />
                </td>
                <td>
                  <RunOf version={one} />
                </td>
                <td>
                  <Source source={one.source ?? ""} />
                </td>
                <td class="right">
                  <button type="button" class="button little" aria-haspopup="dialog" onClick={() => setPromoting(one.version)}>
                    Promote<span class="hidden"> version {one.version}</span>
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {promoting !== undefined && <PromoteDialog model={model} version={promoting} close={() => setPromoting(undefined)} changed={changed} />}
    </>
  );
}

/** Its aliases; the champion by hand, or by being the newest. */
export function Names({ model, version }: { model: Model; version: Version }) {
  const aliases = (version.aliases ?? []).filter((one) => one !== CHAMPION);
  const crowned = model.champion === version.version;
  if (!crowned && !aliases.length) return <span class="faint">–</span>;
  return (
    <span class="row names-of">
      {crowned && <span class="chip accent">champion{model.aliases?.[CHAMPION] === undefined ? ", the newest" : ""}</span>}
      {aliases.map((one) => (
        <span class="chip" key={one}>
          <bdi>{one}</bdi>
        </span>
      ))}
    </span>
  );
}

export function RunOf({ version }: { version: Version }) {
  if (!version.run_id) return <span class="faint">–</span>;
  if (!version.run)
    return (
      <span class="faint">
        <code>{version.run_id.slice(0, 8)}</code>, not here
      </span>
    );
  const gone = version.run.lifecycle === "deleted" ? "in the trash" : version.run.status === "done" ? "" : version.run.status;
  return (
    <span class="row names-of">
      <Link to={["runs", version.run_id]}>
        <bdi>{version.run.name || version.run_id.slice(0, 8)}</bdi>
      </Link>
      {gone && (gone === "in the trash" ? <span class="faint small">{gone}</span> : <Status status={gone} />)}
    </span>
  );
}

/** Where its files lie, in a word; the whole of it under the pointer and on the version's own page. */
export function Source({ source }: { source: string }) {
  const said = source.startsWith("castalia:") ? "castalia.fit" : source.startsWith("models:/m-") ? "a logged model" : source.startsWith("runs:") ? "a run's files" : source.slice(0, 40);
  return said ? <span class="muted" title={source}>{said}</span> : <span class="faint">–</span>;
}

function value(one: Version, key: string): number {
  return key === "version" ? one.version : key === "created" ? Number(one.created) : size(one.metrics?.[key.slice("metrics.".length)]);
}

/** What has no number comes last, whichever way. */
export function sorted(versions: Version[], sort: string): Version[] {
  const down = sort.startsWith("-");
  const key = down ? sort.slice(1) : sort;
  return [...versions].sort((a, b) => {
    const [x, y] = [value(a, key), value(b, key)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || b.version - a.version;
    return (down ? y - x : x - y) || b.version - a.version;
  });
}

/** `down`: whether less of it is better, as the server says; nothing is best where nobody knows. */
function bestOf(versions: Version[], metric: string, down: boolean | undefined): number | undefined {
  const having = versions.filter((one) => Number.isFinite(size(one.metrics?.[metric])));
  if (down === undefined || having.length < 2) return undefined;
  return sorted(having, down ? `metrics.${metric}` : `-metrics.${metric}`)[0]!.version;
}
