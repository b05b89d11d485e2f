import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import type { FieldError } from "../api";
import { fieldsOf, type Field } from "../schema";
import { ImageControl } from "../parts";
import type { Json, Schema, Values } from "../types";
import { ChoiceControl } from "./choice-field";
import { DatasetControl } from "./dataset-field";
import { FileControl } from "./file-field";
import { ListControl } from "./list-field";
import { JsonControl, TextControl } from "./text-field";
import { NumberControl } from "./number-field";

/** What every control gets; `undefined` means not given. */
export interface ControlProps {
  field: Field;
  path: string;
  id: string;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  describedBy: string | undefined;
  labelledBy: string;
  invalid: boolean;
  errors: FieldError[];
  top: Schema;
}

/** A form drawn from a JSON schema. It holds no state: `values` in, whole new values out. */
export function Form(props: { schema: Schema; top?: Schema; values: Values; onChange: (values: Values) => void; errors?: FieldError[]; at?: string }) {
  const top = props.top ?? props.schema;
  const fields = fieldsOf(props.schema, top);
  if (!fields.length) return <p class="muted small">Nothing to fill in.</p>;
  const change = (name: string, value: Json | undefined) => {
    const { [name]: _, ...rest } = props.values;
    // The order of the schema is kept, so that snippets do not jump about while one types.
    const next = value === undefined ? rest : { ...rest, [name]: value };
    props.onChange(Object.fromEntries(fields.filter((one) => one.name in next).map((one) => [one.name, next[one.name]!])));
  };
  return (
    <div class="fields">
      {fields.filter((field) => asked(field, props.values)).map((field) => (
        <FieldBox
          key={field.name}
          field={field}
          path={props.at ? `${props.at}.${field.name}` : field.name}
          value={props.values[field.name]}
          onChange={(value) => change(field.name, value)}
          errors={props.errors ?? []}
          top={top}
        />
      ))}
    </div>
  );
}

/** A field that only belongs to some answers of another one ("x-when") is shown with these alone. */
const asked = (field: Field, values: Values): boolean => Object.entries(field.schema["x-when"] ?? {}).every(([name, wanted]) => values[name] === wanted);

const grouped = new Set(["list", "object", "image"]);

/** Label, help, control and what is wrong with it, tied together for those who do not see them. */
export function FieldBox(props: { field: Field; path: string; value: Json | undefined; onChange: (value: Json | undefined) => void; errors: FieldError[]; top: Schema }) {
  const { field, path, value } = props;
  const id = useId();
  const group = grouped.has(field.control);
  const wrong = props.errors.filter((one) => one.field === path || (!group && one.field.startsWith(`${path}.`)));
  const describedBy = [field.help && `${id}-help`, wrong.length > 0 && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  const control: ControlProps = { ...props, id, describedBy, labelledBy: `${id}-label`, invalid: wrong.length > 0 };
  const clear = !field.required && value !== undefined && value !== null && field.schema.default == null && field.control !== "switch";
  const label = (
    <>
      <span id={`${id}-label`}>{field.label}</span>
      {!field.required && field.schema.default == null && !clear && field.control !== "switch" && <span class="tag">optional</span>}
    </>
  );
  const clearing = clear && (
    <button type="button" class="button quiet little" onClick={() => props.onChange(undefined)}>
      Leave empty<span class="hidden">: {field.label}</span>
    </button>
  );
  const rest: ComponentChildren = (
    <>
      <Control {...control} />
      {field.help && (
        <span class="help" id={`${id}-help`}>
          {field.help}
        </span>
      )}
      {wrong.length > 0 && (
        <span class="wrong" id={`${id}-wrong`}>
          {wrong.map((one) => (
            <>
              {one.got && <span><b>Got</b> {one.got}</span>}
              {one.expected && <span><b>Expected</b> {one.expected}</span>}
              {one.cure && <span>{one.cure}</span>}
            </>
          ))}
        </span>
      )}
    </>
  );
  const wide = (group && !numeric(field)) || field.control === "dataset" || field.control === "long" || field.control === "json" || field.control === "file" || field.schema["x-play"];
  if (group || (field.control === "choice" && segmented(field)) || (field.control === "suggest" && segmented(field)))
    return (
      <div class={wide ? "field wide" : "field"} role="group" aria-labelledby={`${id}-label`} data-field={path}>
        <span class="label">
          {label}
          {clearing}
        </span>
        {rest}
      </div>
    );
  return (
    <div class={wide ? "field wide" : "field"} data-field={path}>
      <div class="row apart">
        <label class="label" for={id}>
          {label}
        </label>
        {clearing}
      </div>
      {rest}
    </div>
  );
}

/** A list of numbers is one short box. */
const numeric = (field: Field): boolean => field.control === "list" && ["integer", "number"].includes(String(field.schema.items?.type));

/** Two or three short answers are shown side by side. */
export function segmented(field: Field): boolean {
  const choices = (field.schema.enum ?? field.schema["x-choices"] ?? []).map(String);
  return choices.length > 0 && choices.length <= 3 && choices.join("").length <= 26;
}

function Control(props: ControlProps) {
  switch (props.field.control) {
    case "number":
      return <NumberControl {...props} />;
    case "choice":
    case "suggest":
    case "switch":
      return <ChoiceControl {...props} />;
    case "image":
      return <ImageControl {...props} />;
    case "file":
      return <FileControl {...props} />;
    case "dataset":
      return <DatasetControl {...props} />;
    case "list":
      return <ListControl {...props} />;
    case "object":
      return (
        <div class="group">
          <Form schema={props.field.schema} top={props.top} values={(props.value as Values | undefined) ?? {}} onChange={props.onChange} errors={props.errors} at={props.path} />
        </div>
      );
    case "json":
      return <JsonControl {...props} />;
    default:
      return <TextControl {...props} />;
  }
}
