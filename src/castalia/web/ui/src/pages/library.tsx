import { useEffect } from "preact/hooks";
import { get, part } from "../api";
import { useChecks } from "../checks";
import { Code } from "../components/code";
import { Icon } from "../components/icons";
import { Link } from "../components/link";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { number, plural } from "../format";
import { Markdown, spans, useHeading } from "../markdown";
import { Build, ElsewhereBox } from "../parts";
import { useResource } from "../resource";
import { usePlace } from "../router";
import type { LibraryClaim, LibraryModule, Project } from "../types";
import { MissingPage } from "./missing";

/** One project that answers nothing: what is in it, what it promises, its lesson, and how to build it. */
export function LibraryPage({ name }: { name: string }) {
  const { query } = usePlace();
  const { value: project, problem, again } = useResource<Project>(`projects/${name}`, (signal) => get(`projects/${part(name)}`, signal));
  const tabWanted = query.get("tab") ?? "about";
  useHeading(tabWanted === "lesson" && project);
  useEffect(() => {
    document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [tabWanted, project === undefined]);
  if (!project && problem?.status === 404) return <MissingPage what={`There is no project ${name}`} />;
  if (!project) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what={name} />;
  if (project.kind === "system") return <MissingPage what={`${project.title} is a system`} to={{ label: `Open ${project.title}`, path: ["systems", project.address] }} />;

  const tabs: [string, string][] = [
    ["about", "About"],
    ...(project.modules.length ? [["names", "What is in it"] as [string, string]] : []),
    ...(project.lesson ? [["lesson", "Lesson"] as [string, string]] : []),
    ["build", "Build it yourself"],
  ];
  const tab = tabs.some(([id]) => id === tabWanted) ? tabWanted : "about";
  return (
    <>
      <PageHead title={project.title} crumbs={[{ label: "Systems", to: ["systems"] }]} note={project.summary}>
        <p class="row small faint">
          {project.project && <span class="number">{project.project}</span>}
          <span>{project.skill}</span>
          <span class="chip">{project.kind}</span>
        </p>
      </PageHead>
      <nav class="tabs" aria-label={project.title}>
        {tabs.map(([id, label]) => (
          <Link key={id} to={["projects", name]} query={`tab=${id}`} {...(id === tab ? { "aria-current": "page" as const } : {})}>
            {label}
          </Link>
        ))}
      </nav>
      {tab === "about" && <About project={project} />}
      {tab === "names" && <Names name={name} />}
      {tab === "lesson" && <Markdown text={project.lesson.replace(/^\s*#\s+.*\n/, "")} />}
      {tab === "build" && <BuildIt address={project.address} title={project.title} />}
    </>
  );
}

function About({ project }: { project: Project }) {
  const pages = project.docs.map((page) => `docs/${page}`).join(", ");
  return (
    <div class="stack loose">
      {project.missing && <Code text={project.missing} what="the line that installs what is missing" wrap />}
      {project.claims.length > 0 && (
        <section class="stack" aria-label="What it promises">
          <h2>What it promises</h2>
          <ul class="cards">
            {project.claims.map((claim) => (
              <li key={claim.id}>
                <ClaimCard claim={claim} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {project.examples.length > 0 && (
        <section class="stack" aria-label="Examples">
          <h2>Examples</h2>
          <p class="muted">
            From {pages}. The tests run every one of them, in this order.
          </p>
          {project.examples.map((one, i) => (
            <div class="stack tight" key={i}>
              {one.title !== project.examples[i - 1]?.title && <h3>{one.title}</h3>}
              <Code text={one.code} what={`example ${i + 1}: ${one.title}`} />
            </div>
          ))}
        </section>
      )}
      {!project.claims.length && !project.examples.length && <p class="muted">It promises no figures, and has no examples yet.</p>}
    </div>
  );
}

/** A claim, the figure that was measured last, and what it has to be; the state by word and shape, not by colour alone. */
function ClaimCard({ claim }: { claim: LibraryClaim }) {
  const bounds = [claim.at_least !== null && `at least ${number(claim.at_least)}`, claim.at_most !== null && `at most ${number(claim.at_most)}`].filter(Boolean).join(", ");
  return (
    <article class="card stack tight">
      <p class="row apart">
        <span class="figure-value">{claim.measured === null ? "–" : number(claim.measured)}</span>
        <span class="small muted">{bounds}</span>
      </p>
      <p>{spans(claim.words)}</p>
      <p class={`state ${claim.holds === null ? "" : claim.holds ? "good" : "bad"}`}>
        <Icon name={claim.holds === null ? "ring" : claim.holds ? "check" : "cross"} />
        {claim.holds === null ? "Not measured yet" : claim.holds ? "Measured, and it holds" : "Measured, and it does not hold"}
      </p>
    </article>
  );
}

function Names({ name }: { name: string }) {
  const { value: modules, problem, again } = useResource<LibraryModule[]>(`projects/${name}/names`, (signal) => get(`projects/${part(name)}/names`, signal));
  if (!modules) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="its names" />;
  return (
    <div class="stack loose">
      {modules.map((module) => (
        <section class="stack tight" key={module.name} aria-label={module.name}>
          <h2 class="mono">{module.name}</h2>
          {module.line && <p class="muted">{spans(module.line)}</p>}
          {module.names.length > 0 && (
            <details open={module.names.length <= 8}>
              <summary>{plural(module.names.length, "name")}</summary>
              <dl class="names">
                {module.names.map((one) => (
                  <div key={one.name}>
                    <dt>
                      <code>{one.shown}</code>
                    </dt>
                    <dd>{spans(one.line)}</dd>
                  </div>
                ))}
              </dl>
            </details>
          )}
        </section>
      ))}
    </div>
  );
}

function BuildIt({ address, title }: { address: string; title: string }) {
  const { value, problem, again } = useChecks();
  if (!value) return !problem ? <Loading what="the contract" /> : problem.status === 403 ? <ElsewhereBox problem={problem} /> : <ProblemBox problem={problem} again={again} />;
  if (value.some((one) => one.address === address)) return <Build address={address} />;
  return (
    <Empty title="No check yet">
      <p>{title} has no contract, so nothing here can say whether what you build is right.</p>
    </Empty>
  );
}
