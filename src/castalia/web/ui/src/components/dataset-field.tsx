import { useState } from "preact/hooks";
import { Problem, get } from "../api";
import { useResource } from "../resource";
import type { DataEntry } from "../types";
import { addData } from "../uploads";
import { FileButton } from "./file-field";
import type { ControlProps } from "./form";
import { ProblemBox } from "./problem";

/** A data set by name: one that is there, or a CSV of one's own, which gets a name and a version. */
export function DatasetControl({ field, id, value, onChange, describedBy, invalid }: ControlProps) {
  const { value: known, again } = useResource<DataEntry[]>("data", (signal) => get("data", signal));
  const [state, setState] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const now = typeof value === "string" ? value : "";
  const names = (known ?? []).map((one) => one.name);
  const upload = async (file: File): Promise<void> => {
    setProblem(undefined);
    setState(`Adding ${file.name}…`);
    try {
      const added = await addData(file);
      again();
      onChange(added.name);
      setState(`${added.name}@${added.version}: ${added.rows} rows`);
    } catch (error) {
      setState("");
      if (error instanceof Problem) setProblem(error);
    }
  };
  return (
    <>
      <div class="row">
        <select id={id} class="input" value={now} aria-describedby={describedBy} aria-invalid={invalid} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
          {(!field.required || !now) && <option value="">{field.required ? "Choose…" : "Not given"}</option>}
          {now && !names.includes(now) && <option value={now}>{now}</option>}
          {(known ?? []).map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}
              {one.rows ? `, ${one.rows.toLocaleString("en")} rows` : ""}
              {one.where === "remote" ? ", to download" : ""}
            </option>
          ))}
        </select>
        <FileButton label="Add a CSV" accept=".csv,text/csv" onFile={(file) => void upload(file)} />
      </div>
      <span class="help" role="status">
        {state}
      </span>
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}
