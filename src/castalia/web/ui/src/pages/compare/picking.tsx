// A metric or param, chosen from what these runs have; the choice is in the address.
import { setQuery } from "../../router";
import type { Choices } from "./columns";

export function Picking({ id, label, value, groups, none, onChange }: { id: string; label: string; value: string; groups: Choices[]; none?: string; onChange?: (value: string) => void }) {
  return (
    <div class="control picking">
      <label class="label" for={`pick-${id}`}>
        {label}
      </label>
      <select id={`pick-${id}`} class="input" value={value} onChange={(event) => (onChange ? onChange(event.currentTarget.value) : setQuery({ [id]: event.currentTarget.value }))}>
        {none !== undefined && <option value="">{none}</option>}
        {groups.map((group) => (
          <optgroup key={group.label} label={group.label}>
            {group.options.map((one) => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </div>
  );
}

/** The value in the address if it is one that can be chosen, else the first guess that can. */
export function picked(groups: Choices[], asked: string | null, ...guesses: string[]): string {
  const known = new Set(groups.flatMap((one) => one.options.map((option) => option.value)));
  return [asked ?? "", ...guesses, [...known][0] ?? ""].find((one) => known.has(one)) ?? "";
}
