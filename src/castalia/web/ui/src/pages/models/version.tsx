// One version: where it came from, what it measured, its card, its files; its note, tags and stage may change.
import { useState } from "preact/hooks";
import { get, send } from "../../api";
import { Code } from "../../components/code";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { Loading, PageHead } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { NoteEditor, TagEditor } from "../../components/editing";
import { When } from "../../components/state";
import { tell, toast } from "../../components/toast";
import { number } from "../../format";
import { VersionFiles } from "../../parts";
import { useResource } from "../../resource";
import { usePlace } from "../../router";
import type { Model, Version } from "../../types";
import { MissingPage } from "../missing";
import { CardTab, Flags, useCard } from "./card";
import { Digest, LineageView } from "./lineage";
import { PromoteDialog } from "./promote";
import { type Lineage, STAGES, isolated, literal, metricsOf, useVersion, versionAt } from "./registry";
import { Names } from "./table";

const TABS = { "": "Overview", card: "Card", files: "Files" } as const;
type Tab = keyof typeof TABS;
const NOTE = 100_000;

export function VersionPage({ model, number: wanted, changed: renew }: { model: Model; number: number; changed: () => void }) {
  const { query } = usePlace();
  const [promoting, setPromoting] = useState(false);
  const tab = ((query.get("tab") ?? "") in TABS ? (query.get("tab") ?? "") : "") as Tab;
  const { value: version, problem, again } = useVersion(model, wanted);
  const changed = (): void => {
    renew();
    again();
  };
  if (!version && model.more && problem?.status !== 404) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the version" />;
  if (!version) return <MissingPage what={`${model.name} has no version ${wanted}`} />;
  return (
    <>
      <PageHead title={`${isolated(model.name)}@${version.version}`} crumbs={[{ label: "Models", to: ["models"] }, { label: model.name, to: ["models", model.name] }]} note="One version: where it came from, what it measured, what it may be used for. It never changes; what is written beside it may.">
        <div class="row small">
          <Names model={model} version={version} />
          <span class="muted">
            made <When value={version.created} />
            {version.user && ` by ${version.user}`}
          </span>
          <Stage model={model} version={version} changed={changed} />
          <button type="button" class="button little" aria-haspopup="dialog" onClick={() => setPromoting(true)}>
            <Icon name="up" size={14} /> Promote
          </button>
        </div>
      </PageHead>
      <nav class="tabs" aria-label="Parts of the version">
        {(Object.keys(TABS) as Tab[]).map((one) => (
          <Link key={one} to={["models", model.name]} query={`version=${version.version}${one && `&tab=${one}`}`} {...(one === tab ? { "aria-current": "page" as const } : {})}>
            {TABS[one]}
          </Link>
        ))}
      </nav>
      {tab === "" && <Overview model={model} version={version} changed={changed} />}
      {tab === "card" && <CardTab name={model.name} version={version} />}
      {tab === "files" && <VersionFiles name={model.name} version={version} at={versionAt(model.name, version.version)} />}
      {promoting && <PromoteDialog model={model} version={version.version} close={() => setPromoting(false)} changed={changed} />}
    </>
  );
}

function Stage({ model, version, changed }: { model: Model; version: Version; changed: () => void }) {
  const put = (stage: string): Promise<void> => send("PATCH", versionAt(model.name, version.version), { stage }).then(changed);
  const choose = (stage: string, before: string): Promise<void> =>
    put(stage).then(
      () => toast(`Version ${version.version}: stage ${stage}`, () => put(before)),
      (error: Error) => tell({ said: error.message, wrong: true }),
    );
  return (
    <label class="row stage-of">
      <span class="muted">Stage</span>
      <select class="input little" value={version.stage ?? "None"} onChange={(event) => void choose(event.currentTarget.value, version.stage ?? "None")}>
        {STAGES.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
    </label>
  );
}

const said = { fit: "What the fit measured on held-out data.", model: "What was logged of this model.", run: "What its run measured last.", "": "" };

function Overview({ model, version, changed }: { model: Model; version: Version; changed: () => void }) {
  const path = versionAt(model.name, version.version);
  const { value, problem, again } = useResource<Lineage>(`${path}#${JSON.stringify(version.aliases)}`, (signal) => get(path, signal));
  const card = useCard(model.name, version).value;
  const names = metricsOf([version]);
  return (
    <div class="stack loose">
      {value ? <LineageView found={value} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="its lineage" />}
      <div class="two run-two">
        <div class="stack loose">
          <section class="stack tight" aria-label="Metrics">
            <h2>Metrics</h2>
            {names.length ? <p class="faint small">{said[version.measured ?? ""]}</p> : <p class="muted">None are known.</p>}
            {names.length > 0 && (
              <div class="scroll tall" tabIndex={0} role="region" aria-label="Metrics, table">
                <table class="dense">
                  <caption class="hidden">Metrics</caption>
                  <tbody>
                    {names.map((name) => (
                      <tr key={name}>
                        <th scope="row">{name}</th>
                        <td class="right">{number(version.metrics?.[name])}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            )}
          </section>
          <Use model={model} version={version} />
        </div>
        <div class="stack loose">
          <section class="stack tight" aria-label="Licences and intended use">
            <h2>Licences and use</h2>
            {card ? <Flags flags={card.flags} /> : <Loading what="the licences" />}
            {card && (
              <p class="small">
                <b>Intended use</b>: {card.intended ? <span class="said">{card.intended}</span> : card.written ? "what its card says" : "unknown, nobody said"}.{" "}
                <Link to={["models", model.name]} query={`version=${version.version}&tab=card`}>
                  The card
                </Link>
              </p>
            )}
          </section>
          <NoteEditor text={version.note ?? ""} hint="What you want to remember of this version. Markdown." most={NOTE} put={(changes) => send("PATCH", path, changes).finally(changed)} />
          <section class="stack tight" aria-label="Facts">
            <h2>Facts</h2>
            <dl class="facts">
              {version.system && (
                <>
                  <dt>System</dt>
                  <dd>
                    <Link to={["systems", version.system.replace("/", "~")]}>{version.system}</Link>
                  </dd>
                </>
              )}
              <dt>Source</dt>
              <dd>
                <code>{version.source || "unknown"}</code>
              </dd>
              {version.digest && (
                <>
                  <dt>Manifest</dt>
                  <dd>
                    <Digest text={version.digest} />
                  </dd>
                </>
              )}
            </dl>
          </section>
          <TagEditor tags={version.tags ?? {}} put={(changes) => send("PATCH", path, changes).finally(changed)} />
        </div>
      </div>
    </div>
  );
}

function Use({ model, version }: { model: Model; version: Version }) {
  const lines = version.ours ? `import castalia\n\nmodel = castalia.load(${literal(`${model.name}@${version.version}`)})` : `import mlflow\n\nmodel = mlflow.pyfunc.load_model(${literal(`models:/${model.name}/${version.version}`)})`;
  return (
    <section class="stack tight" aria-label="Use it">
      <h2>Use it</h2>
      <Code text={lines} what="the lines of Python" />
      {version.ours && <Code text={`castalia call ${model.name}@${version.version}`} what="the line for the shell" wrap />}
    </section>
  );
}
