import { useState } from "preact/hooks";
import { fieldOf, firstOf } from "../schema";
import type { Json, Schema } from "../types";
import { FieldBox, type ControlProps } from "./form";
import { Icon } from "./icons";

/** A list of anything a form can draw; numbers alone are written in one box, separated by commas. */
export function ListControl(props: ControlProps) {
  const { field, path, id, value, onChange, describedBy, invalid, errors, top } = props;
  const items = Array.isArray(value) ? value : [];
  // What is being typed outlives a page that is drawn anew meanwhile, by an answer that came say.
  const [typed, setTyped] = useState<string | null>(null);
  const element = (at: number) => fieldOf(String(at + 1), field.schema.items as Schema, top, true);
  const kind = element(0);
  if ((kind.control === "number" || kind.control === "text") && !kind.schema.maxLength)
    return (
      <input
        id={id}
        class="input"
        aria-label={field.label}
        aria-describedby={describedBy}
        aria-invalid={invalid}
        placeholder="Separated by commas"
        value={typed ?? items.join(", ")}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => setTyped(null)}
        onChange={(event) => {
          setTyped(null);
          const parts = event.currentTarget.value.split(/[,\n]+/).map((one) => one.trim()).filter(Boolean);
          onChange(kind.control === "number" ? parts.map((one) => (Number.isNaN(Number(one)) ? one : Number(one))) : parts);
        }}
      />
    );
  const change = (at: number, next: Json | undefined): void => onChange(next === undefined ? items.filter((_, i) => i !== at) : items.map((one, i) => (i === at ? next : one)));
  return (
    <div class="stack">
      {items.map((one, at) => (
        <div class="group" key={at}>
          <FieldBox field={element(at)} path={`${path}.${at}`} value={one} onChange={(next) => next !== undefined && change(at, next)} errors={errors} top={top} />
          <button type="button" class="button quiet little" onClick={() => change(at, undefined)}>
            <Icon name="cross" /> Remove {at + 1}
          </button>
        </div>
      ))}
      <div>
        <button type="button" class="button little" onClick={() => onChange([...items, firstOf(kind, top) ?? ""])}>
          <Icon name="plus" /> Add
        </button>
      </div>
    </div>
  );
}
