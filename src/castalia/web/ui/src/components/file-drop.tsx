import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** An area that takes a dropped file, and a pasted one where it is told so; the outline says that it would take it. */
export function FileDrop(props: { class: string; onFile: (file: File) => void; paste?: boolean; children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  const take = (files: FileList | undefined | null): void => {
    const file = files?.[0];
    if (file) props.onFile(file);
  };
  return (
    <div
      class={over ? `${props.class} over` : props.class}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
      onPaste={(event) => props.paste && take(event.clipboardData?.files)}
    >
      {props.children}
    </div>
  );
}
