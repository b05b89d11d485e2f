// Versions beside each other: facts, metrics, params of their runs, data, code, files.
import type { ComponentChildren } from "preact";
import { get } from "../../api";
import { Link } from "../../components/link";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { When } from "../../components/state";
import { bytes, number } from "../../format";
import { useResource } from "../../resource";
import { href, setQuery, usePlace } from "../../router";
import type { Model, Num, Version } from "../../types";
import { Delta } from "./promote";
import { modelAt } from "./registry";

interface Row {
  key: string;
  values: unknown[];
  differs: boolean;
}

interface Answer {
  versions: Version[];
  sections: { name: string; rows: Row[] }[];
  here: boolean[];
}

const words: Record<string, string> = { version: "Version", metrics: "Metrics", params: "Parameters", data: "Data", code: "Code", files: "Files" };
const facts: Record<string, string> = { stage: "Stage", system: "System", source: "Source", run_id: "Run", created: "Created", digest: "Manifest", commit: "Commit", branch: "Branch", dirty: "Uncommitted changes", origin: "Repository", command: "Command", hash: "Code of the project" };
const ROWS = 400;

export function Beside({ model, chosen }: { model: Model; chosen: number[] }) {
  const { query } = usePlace();
  const all = query.get("all") === "1";
  const path = `${modelAt(model.name)}/compare?${chosen.map((one) => `version=${one}`).join("&")}`;
  const { value, problem, again } = useResource<Answer>(path, (signal) => get(path, signal));
  const runs = value?.versions.flatMap((one) => (one.run ? [one.run.run_id] : [])) ?? [];
  const distinct = [...new Set(runs)];
  return (
    <section class="stack" aria-label="Beside each other" aria-busy={!value && !problem}>
      <div class="row apart">
        <h2>Beside each other</h2>
        <div class="row small">
          <label class="check">
            <input type="checkbox" checked={all} onChange={(event) => setQuery({ all: event.currentTarget.checked ? "1" : "" })} /> Also what is the same
          </label>
          {distinct.length > 1 && <a href={`${href("compare")}?${distinct.map((one) => `run=${encodeURIComponent(one)}`).join("&")}`}>Curves of their runs</a>}
          <button type="button" class="button quiet little" onClick={() => setQuery({ compare: "", all: "" })}>
            Close
          </button>
        </div>
      </div>
      {!value && (problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the versions" />)}
      {value && <Table answer={value} all={all} name={model.name} />}
    </section>
  );
}

function Table({ answer, all, name }: { answer: Answer; all: boolean; name: string }) {
  return (
    <div class="scroll beside" tabIndex={0} role="region" aria-label="Versions beside each other">
      <table class="dense">
        <caption class="hidden">Versions {answer.versions.map((one) => one.version).join(", ")}</caption>
        <thead>
          <tr>
            <td />
            {answer.versions.map((one) => (
              <th scope="col" key={one.version}>
                <Link to={["models", name]} query={`version=${one.version}`}>
                  Version {one.version}
                </Link>{" "}
                <span class="faint">{(one.aliases ?? []).join(", ")}</span>
              </th>
            ))}
          </tr>
        </thead>
        {answer.sections.map((section) => (
          <Section key={section.name} section={section} all={all} versions={answer.versions} here={answer.here} />
        ))}
      </table>
    </div>
  );
}

function Section({ section, all, versions, here }: { section: Answer["sections"][number]; all: boolean; versions: Version[]; here: boolean[] }) {
  const many = versions.length;
  const shown = section.rows.filter((one) => all || one.differs);
  const same = section.rows.length - shown.length;
  return (
    <tbody>
      <tr class="section">
        <th scope="rowgroup" colSpan={many + 1}>
          {words[section.name] ?? section.name} {same > 0 && <span class="faint">{shown.length ? `${same} the same` : `all ${same} the same`}</span>}
          {section.name === "files" && here.includes(false) && <span class="faint"> Of some the files lie at another place.</span>}
        </th>
      </tr>
      {shown.slice(0, ROWS).map((one) => (
        <tr key={one.key}>
          <th scope="row">{section.name === "version" || section.name === "code" ? (facts[one.key] ?? one.key) : one.key}</th>
          {one.values.map((value, i) => (
            <td key={i} class={one.differs && all ? "differs" : ""}>
              <Cell section={section.name} name={one.key} value={value} first={one.values[0]} delta={i > 0 && section.name === "metrics"} run={versions[i]?.run?.name} />
            </td>
          ))}
        </tr>
      ))}
      {shown.length > ROWS && (
        <tr>
          <td class="muted" colSpan={many + 1}>
            The first {ROWS} of {shown.length}.
          </td>
        </tr>
      )}
    </tbody>
  );
}

function Cell({ section, name, value, first, delta, run }: { section: string; name: string; value: unknown; first: unknown; delta: boolean; run: string | undefined }): ComponentChildren {
  if (value === null || value === undefined) return <span class="faint">–</span>;
  if (section === "metrics")
    return (
      <span class="num">
        {number(value as Num)} {delta && <Delta from={first} to={value} />}
      </span>
    );
  if (section === "files") {
    const file = value as { size: number; sha256: string };
    return (
      <span class="num">
        {bytes(file.size)} {file.sha256 && <code class="faint">{file.sha256.slice(0, 8)}</code>}
      </span>
    );
  }
  if (name === "created") return <When value={value} />;
  if (name === "run_id" && section === "version") return <Link to={["runs", String(value)]}>{run || String(value).slice(0, 8)}</Link>;
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = String(value);
  return /^[0-9a-f]{32,64}$/.test(text) ? <code title={text}>{text.slice(0, 12)}</code> : <bdi>{text}</bdi>;
}
