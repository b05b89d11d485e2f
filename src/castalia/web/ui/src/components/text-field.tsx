import { useState } from "preact/hooks";
import type { Json } from "../types";
import type { ControlProps } from "./form";

export function TextControl({ field, id, value, onChange, describedBy, invalid }: ControlProps) {
  const shared = {
    id,
    class: "input",
    value: typeof value === "string" ? value : value === undefined || value === null ? "" : String(value),
    "aria-describedby": describedBy,
    "aria-invalid": invalid,
    placeholder: field.schema.default == null ? "" : String(field.schema.default),
  };
  const change = (text: string): void => onChange(text === "" && !field.required ? undefined : text);
  if (field.control === "long") return <textarea {...shared} rows={6} onInput={(event) => change(event.currentTarget.value)} />;
  if (field.schema.format === "date") return <input {...shared} type="date" onInput={(event) => change(event.currentTarget.value)} />;
  return <input {...shared} type="text" autocomplete="off" spellcheck={false} onInput={(event) => change(event.currentTarget.value)} />;
}

/** What no control fits is written as JSON, checked while it is typed. */
export function JsonControl({ id, value, onChange, describedBy, invalid }: ControlProps) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState("");
  const type = (typed: string): void => {
    setText(typed);
    try {
      onChange(typed.trim() ? (JSON.parse(typed) as Json) : undefined);
      setBroken("");
    } catch (error) {
      setBroken(error instanceof Error ? error.message : "This is no JSON");
    }
  };
  return (
    <>
      <textarea id={id} class="input mono" rows={5} spellcheck={false} value={text} aria-describedby={describedBy} aria-invalid={invalid || broken !== ""} onInput={(event) => type(event.currentTarget.value)} />
      <span class="help" role="status">
        {broken ? `Not JSON yet: ${broken}` : "JSON"}
      </span>
    </>
  );
}
