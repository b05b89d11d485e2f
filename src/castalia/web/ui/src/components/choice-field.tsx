import type { Json } from "../types";
import { Segments } from "./choice";
import { segmented, type ControlProps } from "./form";

/** Enums, the categories a column was seen to have, and yes or no. */
export function ChoiceControl(props: ControlProps) {
  const { field, id, value, onChange, describedBy, labelledBy, invalid } = props;
  if (field.control === "switch") return <Switch {...props} />;
  const choices: Json[] = field.schema.enum ?? (field.schema.const !== undefined ? [field.schema.const] : (field.schema["x-choices"] ?? []));
  const now = value === undefined || value === null ? undefined : String(value);
  const pick = (text: string): void => onChange(choices.find((one) => String(one) === text) ?? text);
  if (segmented(field) && (now === undefined || choices.some((one) => String(one) === now)))
    return <Segments label={field.label} labelledBy={labelledBy} describedBy={describedBy ?? ""} options={choices.map((one) => ({ value: String(one), label: String(one) }))} value={now} onChange={pick} />;
  if (field.control === "suggest" && choices.length > 30)
    return (
      <>
        <input id={id} class="input" list={`${id}-list`} value={now ?? ""} aria-describedby={describedBy} aria-invalid={invalid} onInput={(event) => onChange(event.currentTarget.value || undefined)} />
        <datalist id={`${id}-list`}>
          {choices.map((one) => (
            <option key={String(one)} value={String(one)} />
          ))}
        </datalist>
      </>
    );
  const unseen = now !== undefined && !choices.some((one) => String(one) === now);
  return (
    <select id={id} class="input" aria-describedby={describedBy} aria-invalid={invalid} value={now ?? ""} onChange={(event) => (event.currentTarget.value === "" ? onChange(undefined) : pick(event.currentTarget.value))}>
      {(!field.required || now === undefined) && <option value="">{field.required ? "Choose…" : "Not given"}</option>}
      {unseen && <option value={now}>{now}</option>}
      {choices.map((one) => (
        <option key={String(one)} value={String(one)}>
          {String(one)}
        </option>
      ))}
    </select>
  );
}

function Switch({ field, id, value, onChange, describedBy, labelledBy }: ControlProps) {
  if (field.nullable || (!field.required && field.schema.default === undefined)) {
    const now = value === true ? "Yes" : value === false ? "No" : "";
    const options = ["Yes", "No", ""].map((one) => ({ value: one, label: one || "Not given" }));
    return <Segments label={field.label} labelledBy={labelledBy} describedBy={describedBy ?? ""} options={options} value={now} onChange={(picked) => onChange(picked === "" ? undefined : picked === "Yes")} />;
  }
  return (
    <span class="switch">
      <input id={id} type="checkbox" role="switch" checked={value === true} aria-describedby={describedBy} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span aria-hidden="true">{value === true ? "On" : "Off"}</span>
    </span>
  );
}
