// The runs as a legend: shown or hidden, in an order, with an ink each, grouped where asked.
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { toast } from "../../components/toast";
import { plural } from "../../format";
import { go, href, setQuery, usePlace } from "../../router";
import { Adding } from "./adding";
import { type Comparison, LOOKS, setHidden, setInk, setRuns, type Shown, stroke } from "./comparison";
import { highlight } from "./hot";

export function Swatch({ ink }: { ink: number }) {
  return (
    <svg width="22" height="6" aria-hidden="true">
      <line x1="0" y1="3" x2="22" y2="3" stroke-width="2.5" {...stroke(ink)} />
    </svg>
  );
}

/** Where the focus goes once the list is in its new order: a run, and which of its buttons. */
let going: { run: string; button: string } | undefined;

function refocus(): void {
  if (!going) return;
  const line = document.querySelector(`.legend li[data-run="${CSS.escape(going.run)}"]`);
  // The buttons are there only while the focus is in their line.
  line?.querySelector("input")?.focus();
  const buttons = [...(line?.querySelectorAll<HTMLButtonElement>(".moves button") ?? [])];
  const wanted = buttons.find((one) => one.dataset.to === going?.button && !one.disabled) ?? buttons.find((one) => !one.disabled);
  going = undefined;
  wanted?.focus();
}

export function Legend({ all }: { all: Comparison }) {
  useEffect(refocus, [all.runs]);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(() => innerWidth > 960);
  const hidden = all.all.filter((one) => one.hidden).map((one) => one.id);
  const found = text ? all.all.filter((one) => one.name.toLowerCase().includes(text.toLowerCase()) || one.id.startsWith(text)) : all.all;
  const row = (one: Shown) => <Row key={one.id} one={one} all={all} hidden={hidden} still={text !== "" || all.by !== ""} />;
  return (
    <aside class="legend" aria-label="Runs">
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <b>{plural(all.runs.length, "run")}</b>
          {hidden.length > 0 && <span class="faint">, {hidden.length} hidden</span>}
        </summary>
        <div class="stack tight">
          <GroupBy all={all} />
          {all.all.length > 8 && (
            <label>
              <span class="hidden">Find a run in this list</span>
              <input type="search" class="input little wide" placeholder="Find a run" value={text} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
          )}
          <div class="row legend-tools">
            <button type="button" class="button quiet little" disabled={!hidden.length} onClick={() => setHidden([])}>
              Show all
            </button>
            <button type="button" class="button quiet little" onClick={() => setHidden(found.length < all.all.length ? [...new Set([...hidden, ...found.map((one) => one.id)])] : all.all.map((one) => one.id))}>
              {text ? "Hide these" : "Hide all"}
            </button>
          </div>
          {all.by
            ? all.groups.map((group, i) => {
                const own = found.filter((one) => one.group === i);
                const off = own.every((one) => one.hidden);
                return own.length ? (
                  <section key={group.name} aria-label={group.name} class="legend-group">
                    <label class="legend-head">
                      <input type="checkbox" checked={!off} aria-label={`Show the group ${group.name}`} onChange={() => setHidden(off ? hidden.filter((id) => !group.run_ids.includes(id)) : [...new Set([...hidden, ...group.run_ids])])} />
                      <Swatch ink={i} />
                      <bdi>{group.name}</bdi>
                      <span class="faint num">{own.length}</span>
                    </label>
                    <ul>{own.map(row)}</ul>
                  </section>
                ) : null;
              })
            : <ul>{found.map(row)}</ul>}
          {!found.length && <p class="muted small">No run here has “{text}” in its name.</p>}
          <Adding all={all} />
        </div>
      </details>
    </aside>
  );
}

function Row({ one, all, hidden, still }: { one: Shown; all: Comparison; hidden: string[]; still: boolean }) {
  const at = all.all.indexOf(one);
  const move = (by: number): void => {
    const ids = all.all.map((other) => other.id);
    ids.splice(at, 1);
    ids.splice(at + by, 0, one.id);
    going = { run: one.id, button: by < 0 ? "up" : "down" };
    setRuns(ids);
  };
  const leave = (): void => {
    const before = new URLSearchParams(location.search);
    going = { run: (all.all[at + 1] ?? all.all[at - 1])!.id, button: "out" };
    setRuns(all.all.map((other) => other.id).filter((id) => id !== one.id));
    toast(`${one.name} is left out`, () => go(`${href("compare")}?${before}`, location.pathname === href("compare")));
  };
  const drop = (id: string): void => {
    const ids = all.all.map((other) => other.id).filter((other) => other !== id);
    ids.splice(all.all.findIndex((other) => other.id === one.id), 0, id);
    setRuns(ids);
  };
  return (
    <li
      data-run={one.id}
      class={one.hidden ? "off" : ""}
      draggable={!still}
      onPointerEnter={() => highlight(one.id)}
      onPointerLeave={() => highlight("")}
      onDragStart={(event) => event.dataTransfer?.setData("text/plain", one.id)}
      onDragOver={(event) => !still && event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const id = event.dataTransfer?.getData("text/plain");
        if (id && all.all.some((other) => other.id === id)) drop(id);
      }}
    >
      <input type="checkbox" checked={!one.hidden} aria-label={`Show ${one.name}`} onChange={() => setHidden(one.hidden ? hidden.filter((id) => id !== one.id) : [...hidden, one.id])} />
      {all.by ? null : (
        <button type="button" class="ink" aria-label={`Line ${one.ink + 1} of ${LOOKS} for ${one.name}: take the next`} title="Another colour or dash" onClick={(event) => setInk(all.all, one.id, (one.ink + (event.shiftKey ? LOOKS - 1 : 1)) % LOOKS)}>
          <Swatch ink={one.ink} />
        </button>
      )}
      <Link to={["runs", one.id]} class="name">
        <bdi>{one.name}</bdi>
      </Link>
      {one.run.status === "running" && (
        <span class="goes-on" title="It is running">
          <span class="pulse" aria-hidden="true" />
          <span class="hidden">running</span>
        </span>
      )}
      <span class="moves">
        {!still && (
          <>
            <button type="button" data-to="up" disabled={at === 0} aria-label={`Move ${one.name} up`} title="Up" onClick={() => move(-1)}>
              <Icon name="up" size={12} />
            </button>
            <button type="button" data-to="down" disabled={at === all.all.length - 1} aria-label={`Move ${one.name} down`} title="Down" onClick={() => move(1)}>
              <Icon name="down" size={12} />
            </button>
          </>
        )}
        <button type="button" data-to="out" disabled={all.all.length <= 2} aria-label={`Leave ${one.name} out`} title="Leave out" onClick={leave}>
          <Icon name="cross" size={12} />
        </button>
      </span>
    </li>
  );
}

function GroupBy({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const group = query.get("group") ?? "";
  const params = all.differing.params;
  const tags = all.sections.find((one) => one.name === "tags")?.keys.filter((one) => one.differs).map((one) => one.key) ?? [];
  const known = ["", "alike", "experiment", "system", ...params.map((key) => `params.${key}`), ...tags.map((key) => `tags.${key}`)];
  return (
    <div class="control">
      <label class="label" for="compare-group">
        Group by
      </label>
      <select id="compare-group" class="input" value={group} onChange={(event) => setQuery({ group: event.currentTarget.value, band: "" }, false)}>
        <option value="">Nothing: each run by itself</option>
        <option value="alike">Alike but for the seed</option>
        <option value="experiment">Experiment</option>
        <option value="system">System</option>
        {params.length > 0 && (
          <optgroup label="Params">
            {params.map((key) => (
              <option key={key} value={`params.${key}`}>
                {key}
              </option>
            ))}
          </optgroup>
        )}
        {tags.length > 0 && (
          <optgroup label="Tags">
            {tags.map((key) => (
              <option key={key} value={`tags.${key}`}>
                {key}
              </option>
            ))}
          </optgroup>
        )}
        {!known.includes(group) && <option value={group}>{group}</option>}
      </select>
    </div>
  );
}
