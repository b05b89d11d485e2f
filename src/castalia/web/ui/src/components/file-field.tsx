import { useState } from "preact/hooks";
import { bytes } from "../format";
import type { ControlProps } from "./form";

export const MAX_BYTES = 24 * 2 ** 20;

export function dataUri(file: Blob): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result));
    reader.onerror = () => failed(reader.error ?? new Error("The file could not be read"));
    reader.readAsDataURL(file);
  });
}

/** A button that opens the machine's file dialog; the real input lies over it, so keyboard and drop work. */
export function FileButton(props: { label: string; accept?: string; id?: string; describedBy?: string | undefined; onFile: (file: File) => void; class?: string }) {
  return (
    <span class={`button file ${props.class ?? ""}`}>
      {props.label}
      <input
        id={props.id}
        type="file"
        accept={props.accept}
        aria-label={props.id ? undefined : props.label}
        aria-describedby={props.describedBy}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) props.onFile(file);
          event.currentTarget.value = "";
        }}
      />
    </span>
  );
}

export function FileControl({ field, id, value, onChange, describedBy }: ControlProps) {
  const [name, setName] = useState("");
  const [refused, setRefused] = useState("");
  const take = (file: File): void => {
    if (file.size > MAX_BYTES) return setRefused(`${file.name} has ${bytes(file.size)}; at most ${bytes(MAX_BYTES)} are taken.`);
    setRefused("");
    setName(`${file.name}, ${bytes(file.size)}`);
    void dataUri(file).then(onChange);
  };
  return (
    <div class="row">
      <FileButton id={id} label={value ? "Choose another file" : "Choose a file"} accept={field.schema.contentMediaType ?? ""} describedBy={describedBy} onFile={take} />
      <span class="small muted" role="status">
        {refused || (value ? name || "A file is chosen" : "No file yet")}
      </span>
    </div>
  );
}
