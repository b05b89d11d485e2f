// Point an alias at a version, and say why.
import { useState } from "preact/hooks";
import { Problem } from "../../api";
import { Field, FormDialog } from "../../components/dialog";
import { number, signed } from "../../format";
import type { Model } from "../../types";
import { CHAMPION, isolated, metricsOf, promote, size } from "./registry";

const MOST = 2000;
const NEW = "\0new";

export function PromoteDialog({ model, version, close, changed }: { model: Model; version: number; close: () => void; changed: () => void }) {
  const known = [CHAMPION, ...Object.keys(model.aliases ?? {}).filter((one) => one !== CHAMPION)];
  const [choice, setChoice] = useState(CHAMPION);
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const alias = choice === NEW ? typed.trim() : choice;
  const before = model.aliases?.[alias] ?? (alias === CHAMPION ? model.champion : undefined);
  const act = (): Promise<void> =>
    promote(model, alias, version, reason.trim(), changed).catch((error: unknown) => {
      if (error instanceof Problem && error.status === 409) changed();
      throw error;
    });
  return (
    <FormDialog title={`Promote version ${version} of ${isolated(model.name)}`} act={act} does="Promote" off={!alias} close={close}>
      <Field label="It goes by" help={alias === CHAMPION ? "The champion is what the bare name means, wherever a model is asked." : "A word that may move from version to version."}>
        {(at) => (
          <select {...at} class="input" value={choice} onChange={(event) => setChoice(event.currentTarget.value)}>
            {known.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
            <option value={NEW}>another alias…</option>
          </select>
        )}
      </Field>
      {choice === NEW && (
        <Field label="Alias" help="Letters, digits, _ and -.">
          {(at) => <input {...at} class="input" value={typed} maxLength={255} autocomplete="off" onInput={(event) => setTyped(event.currentTarget.value)} />}
        </Field>
      )}
      {alias && <Change model={model} before={before} version={version} alias={alias} />}
      <Field label="Reason" help="It stays in the history, with your name and the time. Not required.">
        {(at) => <textarea {...at} class="input" rows={3} maxLength={MOST} value={reason} onInput={(event) => setReason(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.currentTarget.form?.requestSubmit()} />}
      </Field>
    </FormDialog>
  );
}

const SHOWN = 5;

/** What changes with it: the version, and what the two measured. */
function Change({ model, before, version, alias }: { model: Model; before: number | undefined; version: number; alias: string }) {
  const now = model.versions.find((one) => one.version === version);
  const was = model.versions.find((one) => one.version === before);
  if (before === version) return <p class="notice small">{alias} is version {version} already{model.aliases?.[alias] === undefined ? ", as the newest; promoted, it stays so when another comes" : ""}.</p>;
  const names = metricsOf([...(now ? [now] : []), ...(was ? [was] : [])]).filter((name) => now?.metrics?.[name] !== undefined && was?.metrics?.[name] !== undefined);
  return (
    <div class="stack tight small">
      <p class="muted">
        {alias}: {before === undefined ? "nothing yet" : `version ${before}`} → version {version}
      </p>
      {names.length > 0 && (
        <dl class="pairs wide">
          {names.slice(0, SHOWN).map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="num">
                {number(was!.metrics![name])} → {number(now!.metrics![name])} <Delta from={was!.metrics![name]} to={now!.metrics![name]} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

export function Delta({ from, to }: { from: unknown; to: unknown }) {
  const change = size(to as number) - size(from as number);
  return Number.isFinite(change) ? <span class="faint">{change === 0 ? "the same" : signed(change)}</span> : null;
}
