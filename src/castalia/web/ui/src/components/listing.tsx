// What lists share: the boxes that narrow them, the words that are looked for, the line that shows more.
import type { ComponentChildren } from "preact";
import { setQuery } from "../router";

/** Whether every word of `text` stands in what is said of it. */
export function fits(text: string, said: (string | null | undefined)[]): boolean {
  const all = said.filter(Boolean).join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}

/** A box to find words in, `q` of the address, and what else narrows the list. */
export function Filters({ id, hint, text, children }: { id: string; hint: string; text: string; children: ComponentChildren }) {
  return (
    <div class="filters" role="search">
      <div class="field first">
        <label class="label" for={`${id}-q`}>
          Find
        </label>
        <input id={`${id}-q`} class="input" type="search" placeholder={hint} value={text} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
      </div>
      {children}
    </div>
  );
}

/** One of some; `name` is what the address calls it, and the first option is not named there. */
export function Narrow({ id, label, name, value, options }: { id: string; label: string; name: string; value: string; options: [value: string, label: string][] }) {
  const first = options[0]![0];
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      <select id={id} class="input" value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value === first ? "" : event.currentTarget.value }, false)}>
        {options.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

/** How many are shown, and a way to more of them. */
export function Pager({ said, more }: { said: string; more: (() => void) | undefined }) {
  return (
    <p class="pager">
      <span>{said}</span>
      {more && (
        <button type="button" class="button little" onClick={more}>
          Show more
        </button>
      )}
    </p>
  );
}
