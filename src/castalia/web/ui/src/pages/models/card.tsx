// The model card of a version: what somebody wrote, or what is known.
import { get } from "../../api";
import { Icon } from "../../components/icons";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { Markdown } from "../../parts";
import { useResource } from "../../resource";
import type { Version } from "../../types";
import { versionAt } from "./registry";

export interface Flag {
  kind: "research_only" | "licence" | "unknown";
  of: string;
  licence: string;
  text: string;
}

export interface Card {
  written: string;
  text: string;
  flags: Flag[];
  intended: string;
  limits: string;
}

export function useCard(name: string, version: Version) {
  const path = `${versionAt(name, version.version)}/card`;
  return useResource<Card>(`${path}#${version.updated ?? ""}${JSON.stringify(version.aliases)}`, (signal) => get(path, signal));
}

/** What the licences of a version and of its data allow, by word and shape. */
export function Flags({ flags }: { flags: Flag[] }) {
  return (
    <ul class="tag-list flags" aria-label="Licences">
      {flags.map((one, i) => (
        <li key={i} class={`chip ${one.kind === "research_only" ? "warn" : ""}`}>
          {one.kind !== "licence" && <Icon name={one.kind === "unknown" ? "ring" : "alert"} size={12} />}
          <span>{one.text}</span>
        </li>
      ))}
    </ul>
  );
}

export function CardTab({ name, version }: { name: string; version: Version }) {
  const { value, problem, again } = useCard(name, version);
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the card" />;
  return (
    <div class="stack card-shown">
      <Flags flags={value.flags} />
      {value.written && (
        <dl class="facts">
          <dt>Intended use</dt>
          <dd>{value.intended ? <span class="said">{value.intended}</span> : "What the card says; the tag intended_use was not set."}</dd>
          {value.limits && (
            <>
              <dt>Limits</dt>
              <dd class="said">{value.limits}</dd>
            </>
          )}
        </dl>
      )}
      <p class="faint small">
        {value.written ? (
          <>
            From <code>{value.written}</code>, as it was kept with the version.
          </>
        ) : (
          <>
            A <code>README.md</code> beside the model's files takes the place of this card; the tags <code>intended_use</code>, <code>limits</code> and <code>licence</code> fill its gaps.
          </>
        )}
      </p>
      <article>
        <Markdown text={value.text} top={2} />
      </article>
    </div>
  );
}
