import { failing, outcomes, progress, unloaded, type Milestone, type Report } from "../learning";
import { Icon, type IconName } from "./icons";

const looks = {
  passed: { icon: "check", tone: "good", word: "Passed" },
  here: { icon: "dot", tone: "live", word: "Here" },
  later: { icon: "ring", tone: "", word: "Later" },
} as const;

/** The milestones in the order to build them, each with its claims in words and what the last check said of them. */
export function Milestones({ milestones, report }: { milestones: Milestone[]; report: Report | undefined }) {
  const tried = (report?.claims ?? []).filter((one) => !unloaded(one));
  const shown = report && failing({ ...report, claims: tried }, milestones);
  const results = new Map(tried.map((one) => [one.id, one.outcome]));
  let reachable = true;
  const states = milestones.map((one) => {
    const state = progress(one, report, reachable);
    if (state !== "passed") reachable = false;
    return state;
  });
  return (
    <section class="stack" aria-label="Milestones">
      <h2>Milestones</h2>
      <ol class="milestones">
        {milestones.map((one, i) => (
          <li key={one.id} class="card stack tight">
            <div class="row apart">
              <h3>
                <span class="number">{one.id}</span> {one.title}
              </h3>
              <span class={`state ${looks[states[i]!].tone}`}>
                <Icon name={looks[states[i]!].icon} /> {looks[states[i]!].word}
              </span>
            </div>
            <ul class="claims">
              {one.claims.map((claim) => {
                const outcome = results.get(claim.id);
                const icon: IconName = outcome === "pass" ? "check" : outcome ? "cross" : "ring";
                return (
                  <li key={claim.id} class={outcome === "pass" ? "good" : outcome ? "bad" : ""} {...(shown?.id === claim.id ? { "aria-current": "step" as const } : {})}>
                    <Icon name={icon} />
                    <span>
                      {claim.words}
                      {claim.tier !== "core" && <span class="tag"> beyond the core</span>}
                      <span class="hidden">: {outcome ? outcomes[outcome] : "not checked yet"}</span>
                    </span>
                  </li>
                );
              })}
            </ul>
          </li>
        ))}
      </ol>
    </section>
  );
}
