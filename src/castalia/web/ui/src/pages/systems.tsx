import { get } from "../api";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Code } from "../components/code";
import { useResource } from "../resource";
import { checkOf, useChecks } from "../checks";
import type { CheckLine } from "../learning";
import type { SystemCard } from "../types";

export function SystemsPage() {
  const { value, problem, again } = useResource<SystemCard[]>("systems", (signal) => get("systems", signal));
  const checks = useChecks().value;
  return (
    <>
      <PageHead title="Systems" note="What is built and answers. Each one has a form, a way to train it, its lesson and its source." />
      {problem && !value && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the systems" />}
      {value?.length === 0 && (
        <Empty title="No system yet">
          <p>A system is a folder. This writes one, and it appears here:</p>
          <Code text="castalia new recommender" what="the line that makes a system" />
        </Empty>
      )}
      <ul class="cards">
        {value?.map((one) => (
          <li key={one.address || one.name}>
            <SystemCardView card={one} checks={checks} />
          </li>
        ))}
      </ul>
    </>
  );
}

function SystemCardView({ card, checks }: { card: SystemCard; checks: CheckLine[] | undefined }) {
  const check = checkOf(checks, card);
  return (
    <article class="card system">
      <p class="row apart">
        <span class="number">{card.project}</span>
        <span class="row">
          {card.shelf && card.shelf !== "castalia" && <span class="chip">shelf {card.shelf}</span>}
          {checks && <span class="chip">{!check ? "no check yet" : check.last?.current && check.last.outcome === "pass" ? "check passed" : "has a check"}</span>}
        </span>
      </p>
      <h2>
        <Link to={["systems", card.address || card.name]}>{card.title || card.name}</Link>
      </h2>
      <p class="muted">{card.summary}</p>
      {card.skill && <p class="small faint">{card.skill}</p>}
      <p class="state">
        {card.missing ? (
          <>
            <Icon name="alert" /> Needs <code>{card.missing}</code>
          </>
        ) : card.ready ? (
          <>
            <Icon name="check" /> {card.ready} is ready
          </>
        ) : (
          <>
            <Icon name="ring" /> Answers from a quick fit
          </>
        )}
      </p>
    </article>
  );
}
