import { get } from "../api";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { Code } from "../components/code";
import { useResource } from "../resource";
import { checkOf, useChecks } from "../checks";
import type { CheckLine } from "../learning";
import type { ProjectCard, SystemCard } from "../types";

export function SystemsPage() {
  const { value, problem, again } = useResource<SystemCard[]>("systems", (signal) => get("systems", signal));
  const projects = useResource<ProjectCard[]>("projects", (signal) => get("projects", signal)).value;
  const others = (projects ?? []).filter((one) => one.kind !== "system");
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
      {others.length > 0 && (
        <section class="stack libraries" aria-labelledby="libraries">
          <h2 id="libraries">Libraries</h2>
          <p class="muted">Projects that answer nothing by themselves: you import them, and can build them.</p>
          <ul class="cards">
            {others.map((one) => (
              <li key={one.address}>
                <LibraryCard card={one} checks={checks} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function LibraryCard({ card, checks }: { card: ProjectCard; checks: CheckLine[] | undefined }) {
  return (
    <article class="card system">
      <CardTop number={card.project} shelf={card.shelf} check={checkOf(checks, card)} known={checks !== undefined} />
      <h3>
        <Link to={["projects", card.address]}>{card.title}</Link>
      </h3>
      <p class="muted">{card.summary}</p>
      <p class="small faint">{card.skill}</p>
      <p class="state">
        {card.missing ? (
          <>
            <Icon name="alert" /> Needs <code>{card.missing}</code>
          </>
        ) : card.subject.startsWith("castalia.") ? (
          <>
            <Icon name="check" /> <code>from {card.subject} import …</code>
          </>
        ) : (
          <>
            <Icon name="ring" /> A {card.kind}
          </>
        )}
      </p>
    </article>
  );
}

/** The first line of a card: the number, the shelf, and how its check stands. */
function CardTop({ number, shelf, check, known }: { number: string; shelf: string | undefined; check: CheckLine | undefined; known: boolean }) {
  return (
    <p class="row apart">
      <span class="number">{number}</span>
      <span class="row">
        {shelf && shelf !== "castalia" && <span class="chip">shelf {shelf}</span>}
        {known && <span class="chip">{!check ? "no check yet" : check.last?.current && check.last.outcome === "pass" ? "check passed" : "has a check"}</span>}
      </span>
    </p>
  );
}

function SystemCardView({ card, checks }: { card: SystemCard; checks: CheckLine[] | undefined }) {
  return (
    <article class="card system">
      <CardTop number={card.project} shelf={card.shelf} check={checkOf(checks, card)} known={checks !== undefined} />
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
