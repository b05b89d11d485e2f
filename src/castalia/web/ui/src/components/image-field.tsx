import { useEffect, useRef, useState } from "preact/hooks";
import { bytes } from "../format";
import { DrawingPad } from "./drawing-pad";
import { FileDrop } from "./file-drop";
import { FileButton, MAX_BYTES, dataUri } from "./file-field";
import type { ControlProps } from "./form";
import { Picture } from "./picture";

/** A picture drawn here, chosen, dropped or pasted. It travels as a data URI. */
export function ImageControl({ field, value, onChange, describedBy }: ControlProps) {
  const given = typeof value === "string" && value.startsWith("data:image/") ? value : "";
  const drawn = useRef<string[]>([]);
  const [drawing, setDrawing] = useState(!given);
  const [refused, setRefused] = useState("");
  const example = field.schema.examples?.[0];

  useEffect(() => {
    // An example or an upload replaces the drawing. Strokes may come faster than this effect: the last few count as ours.
    if (given && !drawn.current.includes(given)) setDrawing(false);
  }, [given]);

  useEffect(() => {
    // Who comes to draw ("?draw=1") finds an empty page, not the example.
    if (!new URLSearchParams(location.search).has("draw") || given !== example) return;
    setDrawing(true);
    onChange(undefined);
  }, []);

  const take = (file: File): void => {
    if (!file.type.startsWith("image/")) return setRefused(`${file.name} is no picture: PNG, JPEG, GIF, BMP and WebP are taken.`);
    if (file.size > MAX_BYTES) return setRefused(`${file.name} has ${bytes(file.size)}; at most ${bytes(MAX_BYTES)} are taken.`);
    setRefused("");
    void dataUri(file).then((uri) => {
      setDrawing(false);
      onChange(uri);
    });
  };
  const draw = (uri: string | undefined): void => {
    if (uri) drawn.current = [uri, ...drawn.current].slice(0, 60);
    onChange(uri);
  };
  const tools = (
    <>
      <FileButton label="Choose a picture" accept="image/*" class="little" onFile={take} />
      {typeof example === "string" && given !== example && (
        <button type="button" class="button little" onClick={() => onChange(example)}>
          Use the example
        </button>
      )}
      <span class="help">Or drop or paste a picture here.</span>
      <span class="small" role="status">
        {refused}
      </span>
    </>
  );
  return (
    <FileDrop class="pad" onFile={take} paste>
      {drawing || !given ? (
        <DrawingPad label={field.label} describedBy={describedBy} onDraw={draw}>
          {tools}
        </DrawingPad>
      ) : (
        <>
          <Picture src={given} alt={`The picture for ${field.label}`} onError={() => setRefused("This browser cannot show the picture; the workbench may still read it.")} />
          <div class="pad-tools">
            <button
              type="button"
              class="button little"
              onClick={() => {
                setDrawing(true);
                draw(undefined);
              }}
            >
              Draw instead
            </button>
            {tools}
          </div>
        </>
      )}
    </FileDrop>
  );
}
