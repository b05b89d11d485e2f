import { get } from "../api";
import { Code } from "../components/code";
import { Link } from "../components/link";
import { Empty, Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { When } from "../components/state";
import { number } from "../format";
import { useResource } from "../resource";
import type { ModelLine } from "../types";

export function ModelsPage() {
  const { value, problem, again } = useResource<ModelLine[]>("models", (signal) => get("models", signal));
  return (
    <>
      <PageHead title="Models" note="Every version that was kept. A version never changes; the champion is the one that answers." />
      {problem && !value && <ProblemBox problem={problem} again={again} />}
      {!value && !problem && <Loading what="the models" />}
      {value?.length === 0 && (
        <Empty title="No model yet">
          <p>A full fit keeps one; a quick fit does not.</p>
          <Code text="castalia fit churn" what="the line that makes a model" />
          <Link class="button" to={["systems"]}>
            Or train a system here
          </Link>
        </Empty>
      )}
      {value && value.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Models">
          <table>
            <caption class="hidden">Models</caption>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">System</th>
                <th scope="col">Champion</th>
                <th scope="col" class="right">
                  Versions
                </th>
                <th scope="col">Held-out metrics</th>
                <th scope="col">Newest</th>
              </tr>
            </thead>
            <tbody>
              {value.map((one) => (
                <tr class="link" key={one.name}>
                  <th scope="row">
                    <Link to={["models", one.name]}>{one.name}</Link>
                  </th>
                  <td>{one.system ? <Link to={["systems", one.system.replace("/", "~")]}>{one.system}</Link> : "–"}</td>
                  <td>
                    <span class="chip accent">
                      {one.name}@{one.champion}
                    </span>
                  </td>
                  <td class="right">{one.versions}</td>
                  <td class="num">
                    {Object.entries(one.metrics ?? {})
                      .slice(0, 3)
                      .map(([name, amount]) => `${name} ${number(amount)}`)
                      .join(" · ") || "–"}
                  </td>
                  <td>
                    <When value={one.updated ?? one.created} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
