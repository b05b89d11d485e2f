// What was run: commit, changes, command, packages, machine.
import { useState } from "preact/hooks";
import { get, part, request } from "../../api";
import { Code, Copy } from "../../components/code";
import { useResource } from "../../resource";
import type { Artifact, RunDetail } from "../../types";
import { Diff } from "./diff";
import { fileAddress } from "./files";
import { repeatOf } from "./repeat";
import { Text } from "./preview";

const ENVIRONMENT = "castalia/environment.json";
const DIFF = "castalia/diff.patch";

interface Environment {
  python?: unknown;
  platform?: unknown;
  machine?: unknown;
  processors?: unknown;
  packages?: Record<string, unknown>;
  variables?: unknown[];
}

export function CodeTab({ run }: { run: RunDetail }) {
  const id = run.run_id;
  const files = useResource<Artifact[]>(`runs/${id}/artifacts`, (signal) => get(`runs/${part(id)}/artifacts`, signal)).value ?? [];
  const diff = files.find((one) => one.name === DIFF);
  const environment = files.some((one) => one.name === ENVIRONMENT);
  const requirements = files.find((one) => /(^|\/)requirements\.txt$/.test(one.name));
  const tag = (...names: string[]): string => String(names.map((name) => run.tags?.[name]).find(Boolean) ?? "");
  const commit = tag("castalia.git.commit", "mlflow.source.git.commit");
  const branch = tag("castalia.git.branch", "mlflow.source.git.branch");
  const dirty = tag("castalia.git.dirty");
  const repeat = repeatOf(run);
  const nothing = !commit && !environment && !repeat && !tag("mlflow.source.name", "castalia.python");
  if (nothing) return <p class="muted">Nothing was noted of the code. castalia.run notes commit, changes, command and packages by itself; MLflow's client notes the commit where it runs a script.</p>;
  return (
    <div class="stack loose">
      <section class="stack tight" aria-label="Code">
        <h2>Code</h2>
        <dl class="facts">
          {commit && (
            <>
              <dt>Commit</dt>
              <dd class="row">
                <code>{commit.slice(0, 12)}</code>
                <Copy text={commit} what="the commit" />
                {branch && <span class="chip">{branch}</span>}
                {dirty === "true" ? <span class="chip warn">with changes that were not committed</span> : dirty === "false" ? <span class="chip">nothing uncommitted</span> : null}
              </dd>
            </>
          )}
          <Fact name="Repository" value={tag("mlflow.source.git.repoURL")} />
          <Fact name="Source" value={tag("mlflow.source.name")} />
          <Fact name="Python" value={tag("castalia.python")} />
          <Fact name="Host" value={tag("castalia.host")} />
          <Fact name="Platform" value={tag("castalia.platform")} />
          <Fact name="User" value={tag("mlflow.user") || run.owner || ""} />
        </dl>
      </section>
      {repeat && (
        <section class="stack tight" aria-label="Repeat it">
          <h2>Repeat it</h2>
          <Code text={repeat.text} what="the command that repeats this run" wrap />
          {repeat.note && <p class="faint small">{repeat.note}</p>}
        </section>
      )}
      {diff && (
        <section class="stack tight" aria-label="Changes">
          <h2>Changes that were not committed</h2>
          <Text address={fileAddress(id, DIFF)} size={diff.size} most={262_144}>{(text) => <Diff text={text} />}</Text>
        </section>
      )}
      {environment && <Surroundings id={id} />}
      {!environment && requirements && (
        <section class="stack tight" aria-label="Packages">
          <h2>Packages, as {requirements.name} says</h2>
          <Text address={fileAddress(id, requirements.name)} size={requirements.size} most={65_536}>{(text) => <Code text={text} what="the packages" />}</Text>
        </section>
      )}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  if (!value) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

function Surroundings({ id }: { id: string }) {
  const found = useResource<Environment>(`${id}#environment`, async (signal) => {
    const answer = await request(fileAddress(id, ENVIRONMENT), { signal });
    const value = (await answer.json()) as unknown;
    return typeof value === "object" && value !== null ? (value as Environment) : {};
  }).value;
  const [text, setText] = useState("");
  if (!found) return null;
  const packages = Object.entries(typeof found.packages === "object" && found.packages ? found.packages : {});
  const variables = (Array.isArray(found.variables) ? found.variables : []).map(String);
  const wanted = text.toLowerCase();
  const shown = packages.filter(([name]) => name.includes(wanted));
  return (
    <>
      <section class="stack tight" aria-label="Packages">
        <div class="row apart">
          <h2>
            Packages <span class="faint num small">{packages.length}</span>
          </h2>
          <input class="input narrow-search" type="search" aria-label="Search packages" placeholder="Search packages" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </div>
        <div class="packages" tabIndex={0} role="region" aria-label="Packages, list">
        <ul>
          {shown.map(([name, version]) => (
            <li key={name}>
              <span>{name}</span> <span class="faint num">{String(version)}</span>
            </li>
          ))}
          {!shown.length && <li class="muted">None has “{text}” in its name.</li>}
        </ul>
        </div>
      </section>
      {variables.length > 0 && (
        <details>
          <summary>
            Names of the environment's variables <span class="num faint">{variables.length}</span>
          </summary>
          <p class="small mono names">{variables.join("  ")}</p>
          <p class="faint small">Their values are never kept.</p>
        </details>
      )}
      <dl class="facts">
        <Fact name="Python, in full" value={String(found.python ?? "")} />
        <Fact name="Processors" value={`${String(found.processors ?? "")} × ${String(found.machine ?? "")}`} />
      </dl>
    </>
  );
}
