import { get } from "../api";
import { checkOf, useChecks } from "../checks";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { plural } from "../format";
import { outcomes, type CheckLine } from "../learning";
import { useResource } from "../resource";
import type { SystemCard } from "../types";
import { Build, ElsewhereBox } from "./build";
import { MissingPage } from "./missing";

/** What can be built here: exercises, then projects; those without a contract say so. */
export function LearnPage() {
  const { value, problem, again } = useChecks();
  const systems = useResource<SystemCard[]>("systems", (signal) => get("systems", signal)).value ?? [];
  const claims = (one: CheckLine): number => one.milestones.reduce((sum, each) => sum + each.claims, 0);
  const shortest = (lines: CheckLine[]): CheckLine[] => [...lines].sort((a, b) => claims(a) - claims(b));
  const exercises = shortest((value ?? []).filter((one) => one.kind === "exercise"));
  const projects = (value ?? []).filter((one) => one.kind === "project");
  const without = value ? systems.filter((one) => !one.shelf && !checkOf(value, one)) : [];
  return (
    <>
      <PageHead title="Learn" note="Build it yourself. Every claim is run against your own code, and you see the first that does not hold." />
      {problem && !value && (problem.status === 403 ? <ElsewhereBox problem={problem} /> : <ProblemBox problem={problem} again={again} />)}
      {!value && !problem && <Loading what="what can be built" />}
      <div class="stack loose">
        {exercises.length > 0 && <Group title="Exercises" lines={exercises} />}
        {projects.length > 0 && <Group title="Projects" lines={projects} />}
        {without.length > 0 && (
          <section class="stack tight" aria-label="No check yet">
            <h2>No check yet</h2>
            <p class="muted">These work and can be read and built, but nothing checks what you build.</p>
            <ul class="row plain">
              {without.map((one) => (
                <li key={one.address}>
                  <Link to={["systems", one.address]}>{one.title}</Link>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </>
  );
}

function Group({ title, lines }: { title: string; lines: CheckLine[] }) {
  return (
    <section class="stack" aria-label={title}>
      <h2>{title}</h2>
      <ul class="cards">
        {lines.map((one) => (
          <li key={one.address}>
            <article class="card system">
              <h3>
                <Link to={[one.kind === "exercise" ? "learn" : one.system ? "systems" : "projects", one.address]} {...(one.kind === "exercise" ? {} : { query: "tab=build" })}>
                  {one.title}
                </Link>
              </h3>
              <p class="muted">{one.problem ? one.problem.subject : one.summary}</p>
              <CheckState line={one} />
            </article>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How far the last check came, by word and shape. */
export function CheckState({ line }: { line: CheckLine }) {
  const total = line.milestones.reduce((sum, each) => sum + each.claims, 0);
  const last = line.last?.current ? line.last : null;
  const tone = !last ? "" : last.outcome === "pass" ? "good" : "live";
  return (
    <p class={`state ${tone}`}>
      <Icon name={!last ? "ring" : last.outcome === "pass" ? "check" : "dot"} />
      {!last ? `${plural(total, "claim")} in ${plural(line.milestones.length, "milestone")}` : last.outcome === "pass" ? outcomes.pass : `${last.passed} of ${plural(total, "claim")}`}
    </p>
  );
}

/** One exercise, or a project that is no system. */
export function LearnOne({ name }: { name: string }) {
  const { value, problem } = useChecks();
  const line = value?.find((one) => one.address === name);
  if (value && !line) return <MissingPage what={`Nothing to build is called ${name}`} />;
  if (!value && !problem) return <Loading what={name} />;
  return (
    <>
      <PageHead title={line?.title ?? name} crumbs={[{ label: "Learn", to: ["learn"] }]} note={line?.summary} />
      <Build address={name} />
    </>
  );
}
