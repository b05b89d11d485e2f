// What a version came of, left to right: data, run and code, logged model, version, aliases. And the same as a list.
import type { ComponentChildren } from "preact";
import { Copy } from "../../components/code";
import { Link } from "../../components/link";
import { type DataSet, type Lineage, isolated } from "./registry";

interface Node {
  key: string;
  kind: string;
  name: ComponentChildren;
  /** A line below it. */
  more?: ComponentChildren;
  tone?: string;
}

const MOST = 5;
const short = (digest: string): string => digest.replace(/^sha256:/, "").slice(0, 10);

export function LineageView({ found }: { found: Lineage }) {
  const columns = columnsOf(found);
  return (
    <section class="stack tight" aria-label="Lineage">
      <h2>Where it came from</h2>
      <figure class="lineage" aria-label="From data to aliases, left to right">
        {columns.map((column, i) => (
          <>
            {i > 0 && <Edges from={columns[i - 1]!.length} to={column.length} />}
            <div class="lineage-column" key={i}>
              {column.map((one) => (
                <div class="lineage-cell" key={one.key}>
                  <div class={`lineage-node ${one.tone ?? ""}`}>
                    <span class="lineage-kind">{one.kind}</span>
                    <span class="lineage-name">{one.name}</span>
                    {one.more && <span class="lineage-more">{one.more}</span>}
                  </div>
                </div>
              ))}
            </div>
          </>
        ))}
      </figure>
      <details>
        <summary>The same as a list</summary>
        <List found={found} />
      </details>
    </section>
  );
}

/** Lines from the middle of each cell of a column to the middle of each of the next. */
function Edges({ from, to }: { from: number; to: number }) {
  const middle = (i: number, of: number): number => ((i + 0.5) / of) * 100;
  const lines = [...Array(from).keys()].flatMap((a) => [...Array(to).keys()].map((b) => [middle(a, from), middle(b, to)]));
  return (
    <svg class="lineage-edges" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {lines.map(([y1, y2]) => (
        <path d={`M0 ${y1}C50 ${y1} 50 ${y2} 100 ${y2}`} vector-effect="non-scaling-stroke" />
      ))}
    </svg>
  );
}

function columnsOf({ version, run, code, logged, inputs, data }: Lineage): Node[][] {
  const sets: Node[] = data.slice(0, data.length > MOST ? MOST - 1 : MOST).map((one, i) => ({ key: `data${i}`, kind: one.use && one.use !== "data" ? `data, ${one.use}` : "data", name: nameOf(one), more: <code>{short(one.digest)}</code>, ...(one.research_only ? { tone: "warn" } : {}) }));
  if (data.length > MOST) sets.push({ key: "more", kind: "data", name: `${data.length - MOST + 1} further sets`, more: "in the list below" });
  for (const one of inputs.slice(0, 2)) sets.push({ key: one.model_id, kind: "model it began from", name: one.name || one.model_id });
  if (!sets.length) sets.push({ key: "none", kind: "data", name: "unknown", more: "nobody said", tone: "open" });
  const commit = code.commit ? (
    <>
      <code>{code.commit.slice(0, 8)}</code>
      {code.dirty && " with changes"}
      {code.dirty === false && " clean"}
    </>
  ) : (
    "commit unknown"
  );
  const ran: Node = run
    ? { key: "run", kind: "run", name: <Link to={["runs", run.run_id]}>{run.name || run.run_id.slice(0, 8)}</Link>, more: commit, ...(code.dirty ? { tone: "warn" } : {}) }
    : { key: "run", kind: "run", name: version.run_id ? version.run_id.slice(0, 12) : "unknown", more: version.run_id ? "not here" : "nobody said", tone: "open" };
  const kept: Node[] = logged ? [{ key: "logged", kind: "logged model", name: logged.name || logged.model_id, more: <code>{logged.model_id.slice(0, 10)}</code> }] : [];
  const names = version.aliases ?? [];
  const aliases: Node[] = names.slice(0, MOST).map((one) => ({ key: one, kind: "alias", name: <bdi>{one}</bdi>, ...(one === "champion" ? { tone: "good" } : {}) }));
  if (names.length > MOST) aliases.push({ key: "\0", kind: "alias", name: `${names.length - MOST} more` });
  const itself: Node = { key: "version", kind: "version", name: `${isolated(version.model ?? "")}@${version.version}`, more: version.digest ? <code>{short(version.digest)}</code> : version.stage !== "None" ? version.stage : "", tone: "accent" };
  return [sets, [ran], ...(kept.length ? [kept] : []), [itself], ...(aliases.length ? [aliases] : [])];
}

const nameOf = (one: DataSet): string => (one.version === null ? one.name : `${one.name}@${one.version}`);

function List({ found: { version, run, code, logged, inputs, data } }: { found: Lineage }) {
  return (
    <ol class="lineage-list small">
      <li>
        <b>Data</b>
        {data.length || inputs.length ? (
          <ul>
            {data.map((one, i) => (
              <li key={i}>
                <bdi>{nameOf(one)}</bdi>
                {one.use && `, ${one.use}`}: digest <Digest text={one.digest} />
                {one.source && (
                  <>
                    , from <bdi>{one.source}</bdi>
                  </>
                )}
                {one.research_only ? ", for research only" : one.licence ? `, licence ${one.licence}` : ""}
              </li>
            ))}
            {inputs.map((one) => (
              <li key={one.model_id}>
                the model <bdi>{one.name || one.model_id}</bdi>, from which it began
              </li>
            ))}
          </ul>
        ) : (
          ": unknown, nobody said"
        )}
      </li>
      <li>
        <b>Run</b>: {run ? <Link to={["runs", run.run_id]}>{run.name || run.run_id}</Link> : version.run_id ? `${version.run_id}, which is not here` : "unknown, nobody said"}
        <ul>
          <li>
            commit {code.commit ? <Digest text={code.commit} /> : "unknown"}
            {code.branch && ` on ${code.branch}`}
            {code.dirty === true && ", with changes that were not committed"}
            {code.dirty === false && ", with nothing uncommitted"}
          </li>
          {code.hash && (
            <li>
              code of the project <Digest text={code.hash} />
            </li>
          )}
          {code.command && (
            <li>
              <code>{code.command}</code>
            </li>
          )}
        </ul>
      </li>
      {logged && (
        <li>
          <b>Logged model</b>: <bdi>{logged.name}</bdi> <Digest text={logged.model_id} />
        </li>
      )}
      <li>
        <b>Version</b>: {isolated(version.model ?? "")}@{version.version}
        {version.digest && (
          <>
            , manifest <Digest text={version.digest} />
          </>
        )}
        {version.source && (
          <>
            , source <code>{version.source}</code>
          </>
        )}
      </li>
      <li>
        <b>Aliases</b>: {version.aliases?.length ? version.aliases.join(", ") : "none"}
      </li>
    </ol>
  );
}

export function Digest({ text }: { text: string }) {
  if (!text) return <>unknown</>;
  return (
    <span class="digest">
      <code>{text.length > 20 ? `${text.slice(0, 16)}…` : text}</code>
      {text.length > 20 && <Copy text={text} what="the whole of it" />}
    </span>
  );
}
