// What the code of two runs was: their commits, what lies between, what was not committed.
import { get, part, request } from "../../api";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { useResource } from "../../resource";
import { Diff } from "../run/diff";
import type { Comparison, Shown } from "./comparison";
import { Swatch } from "./legend";
import { Pair, usePair } from "./pair";

interface Source {
  run_id: string;
  commit: string;
  branch: string;
  dirty: boolean | null;
  command: string;
  diff: number | null;
}

interface Between {
  diff: string | null;
  why: string;
}

const CAP = 256 * 1024;

export function Code({ all }: { all: Comparison }) {
  const path = `runs/compare/code?${new URLSearchParams(all.shown.map((one) => ["run", one.id]))}`;
  const { value, problem, again } = useResource<Source[]>(path, (signal) => get(path, signal));
  if (all.shown.length < 2) return <p class="muted">Show two runs to see what lies between their code.</p>;
  if (problem) return <ProblemBox problem={problem} again={again} />;
  if (!value) return <Loading what="the code of these runs" />;
  return <Two all={all} sources={value} />;
}

function Two({ all, sources }: { all: Comparison; sources: Source[] }) {
  const [a, b] = usePair(all.shown);
  const of = (one: Shown): Source | undefined => sources.find((source) => source.run_id === one.id);
  const path = `runs/compare/commits?first=${part(a.id)}&second=${part(b.id)}`;
  const between = useResource<Between>(path, (signal) => get(path, signal));
  return (
    <section class="stack loose" aria-label="Code">
      <div class="stack">
        <Pair runs={all.shown} a={a} b={b} />
        <div class="scroll" tabIndex={0} role="region" aria-label="Commits, table">
          <table class="dense">
            <caption class="hidden">The code of each run</caption>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Commit</th>
                <th scope="col">Branch</th>
                <th scope="col">Changes that were not committed</th>
                <th scope="col">Command</th>
              </tr>
            </thead>
            <tbody>
              {[a, b].map((one) => {
                const source = of(one);
                return (
                  <tr key={one.id}>
                    <th scope="row">
                      <span class="row whole">
                        <Swatch ink={one.ink} /> <bdi>{one.name}</bdi>
                      </span>
                    </th>
                    <td>{source?.commit ? <code>{source.commit.slice(0, 12)}</code> : <span class="faint">not said</span>}</td>
                    <td>{source?.branch ? <bdi>{source.branch}</bdi> : "–"}</td>
                    <td>{source?.dirty === null || source?.dirty === undefined ? "not said" : source.dirty ? "yes" : "none"}</td>
                    <td>{source?.command ? <code>{source.command}</code> : "–"}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </div>
      <section class="stack tight" aria-label="Between the commits">
        <h2>Between the commits</h2>
        {between.problem && <ProblemBox problem={between.problem} again={between.again} />}
        {!between.value && !between.problem && <Loading what="what lies between the commits" />}
        {between.value?.why && <p class="muted">{between.value.why}</p>}
        {between.value?.diff && <Diff text={between.value.diff} />}
      </section>
      <section class="stack tight" aria-label="Not committed">
        <h2>Not committed</h2>
        {[a, b].map((one) => (
          <Patch key={one.id} one={one} source={of(one)} />
        ))}
      </section>
    </section>
  );
}

function Patch({ one, source }: { one: Shown; source: Source | undefined }) {
  const path = source?.diff ? `runs/${part(one.id)}/artifacts/castalia/diff.patch` : "";
  const { value, problem } = useResource<string>(path, async (signal) => (await request(path, { headers: { range: `bytes=0-${CAP - 1}` }, signal })).text());
  return (
    <div class="stack tight">
      <h3 class="row whole">
        <Swatch ink={one.ink} /> <bdi>{one.name}</bdi>
      </h3>
      {!path && <p class="muted small">{source?.dirty ? "It had changes that were not committed, and did not keep them." : "Nothing was kept."}</p>}
      {problem && <p class="muted small">It cannot be read any more.</p>}
      {value && <Diff text={value} />}
      {source?.diff && source.diff > CAP ? <p class="faint small">The first 256 kB. The file castalia/diff.patch of the run has all.</p> : null}
    </div>
  );
}
