import { get, part } from "../api";
import { Code } from "../components/code";
import { Link } from "../components/link";
import { Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { useResource } from "../resource";
import type { Model } from "../types";
import { MissingPage } from "./missing";
import { VersionTable } from "./versions";

export function ModelPage({ name }: { name: string }) {
  const { value, problem, again } = useResource<Model>(`models/${name}`, (signal) => get(`models/${part(name)}`, signal));
  if (!value) return problem?.status === 404 ? <MissingPage what={`There is no model ${name}`} /> : problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the model" />;
  const system = value.versions[0]?.system;
  return (
    <>
      <PageHead title={value.name} crumbs={[{ label: "Models", to: ["models"] }]} note="Where no version is named, the champion answers: the one chosen by hand, else the newest.">
        {system && (
          <p class="row small">
            <Link to={["systems", value.name === system.replace("/", ".") ? system.replace("/", "~") : value.name]}>Ask it</Link>
            <Link to={["systems", system.replace("/", "~")]} query="tab=lesson">
              What {system} is
            </Link>
          </p>
        )}
      </PageHead>
      <div class="stack loose">
        <VersionTable model={value.name} versions={value.versions} changed={again} />
        <section class="stack" aria-label="Use it">
          <h2>Use it</h2>
          <Code text={`import castalia\n\nmodel = castalia.load("${value.name}@champion")`} what="the lines of Python" />
          <Code text={`castalia call ${value.name}@champion`} what="the line for the shell" wrap />
        </section>
      </div>
    </>
  );
}
