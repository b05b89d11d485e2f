// JSON that opens as one reads.
import { useState } from "preact/hooks";

const AT_ONCE = 100;

const brief = (value: unknown): string => (Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value as object).length}}`);
const isTree = (value: unknown): value is object => typeof value === "object" && value !== null;

export function Folded({ value, name = "", depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const [open, setOpen] = useState(depth < 2);
  const [most, setMost] = useState(AT_ONCE);
  if (!isTree(value))
    return (
      <div class="leaf">
        {name && <b>{name}: </b>}
        <span class={typeof value === "string" ? "text" : "num"}>{JSON.stringify(value)}</span>
      </div>
    );
  const entries = Object.entries(value);
  return (
    <details class={depth ? "folded" : "folded top"} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {name && <b>{name} </b>}
        <span class="faint">{brief(value)}</span>
      </summary>
      {open && (
        <>
          {entries.slice(0, most).map(([key, one]) => (
            <Folded key={key} value={one} name={key} depth={depth + 1} />
          ))}
          {entries.length > most && (
            <button type="button" class="button quiet little" onClick={() => setMost(most + 10 * AT_ONCE)}>
              {entries.length - most} more
            </button>
          )}
        </>
      )}
    </details>
  );
}
