// Which version each alias came to mean, when, by whom and why.
import { useEffect, useRef } from "preact/hooks";
import { get } from "../../api";
import { Link } from "../../components/link";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { When } from "../../components/state";
import { tell } from "../../components/toast";
import { useResource } from "../../resource";
import type { Model } from "../../types";
import { type Promotion, modelAt, promote, who } from "./registry";

export function History({ model, changed }: { model: Model; changed: () => void }) {
  const { value, problem, again } = useResource<Promotion[]>(`${modelAt(model.name)}/promotions`, (signal) => get(`${modelAt(model.name)}/promotions`, signal));
  // Asked again where an alias moved; the list stays on the page meanwhile.
  const aliases = JSON.stringify(model.aliases);
  const drawn = useRef(aliases);
  useEffect(() => {
    if (drawn.current === aliases) return;
    drawn.current = aliases;
    again();
  }, [aliases]);
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the history" />;
  if (!value.length)
    return (
      <p class="muted">
        No alias was ever set: the newest version answers. Promote one, and it answers until another is promoted.
      </p>
    );
  const newest = new Map<string, number>();
  for (const one of value) if (!newest.has(one.alias)) newest.set(one.alias, one.id);
  const after = () => {
    again();
    changed();
  };
  // Of the row that is clicked, not of the page's aliases: either may be the older one.
  const undo = (one: Promotion) =>
    promote(model, one.alias, one.before, "Back to what it was before.", after, one.version ?? undefined).catch((error: Error) => {
      tell({ said: error.message, wrong: true });
      after();
    });
  // Of those that the page does not know, the server says whether it is there.
  const there = (version: number) => model.more || model.versions.some((one) => one.version === version);
  const version = (number: number | null) =>
    number === null ? <span class="faint">none</span> : there(number) ? (
      <Link to={["models", model.name]} query={`version=${number}`}>
        version {number}
      </Link>
    ) : (
      <>version {number}</>
    );
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="History">
      <table class="registry history">
        <caption class="hidden">Promotions of {model.name}</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Alias</th>
            <th scope="col">From, to</th>
            <th scope="col">Reason</th>
            <th scope="col">Who</th>
            <th scope="col">
              <span class="hidden">Take back</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {value.map((one) => (
            <tr key={one.id}>
              <td class="no-wrap">
                <When value={one.time} />
              </td>
              <td>
                <bdi>{one.alias}</bdi>
              </td>
              <td class="no-wrap">
                {version(one.before)} → {one.version === null ? <span class="faint">taken away</span> : version(one.version)}
              </td>
              <td class="said reason">{one.reason || <span class="faint">–</span>}</td>
              <td class="no-wrap">{who(one.who)}</td>
              <td class="right">
                {newest.get(one.alias) === one.id && (one.before === null ? one.version !== null : there(one.before)) && one.before !== one.version && (
                  <button type="button" class="button little" onClick={() => void undo(one)}>
                    {one.before === null ? "Take it away" : `Back to version ${one.before}`}
                    <span class="hidden"> as {one.alias}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
