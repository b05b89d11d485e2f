import { useEffect, useState } from "preact/hooks";
import { number } from "../format";
import { rangeOf } from "../schema";
import type { ControlProps } from "./form";
import { Play } from "./play";

const STEPS = 1000;

/** A box for the number and, where both ends are known, a slider beside it; three decades and more slide by ratio. */
export function NumberControl({ field, id, value, onChange, describedBy, labelledBy, invalid }: ControlProps) {
  const range = rangeOf(field.schema);
  const whole = field.schema.type === "integer";
  const now = typeof value === "number" ? value : undefined;
  const [text, setText] = useState(now === undefined ? "" : String(now));
  useEffect(() => {
    // What was typed stays as typed ("1.", "1e-") while it means the same number.
    setText((shown) => (shown !== "" && Number(shown) === now ? shown : now === undefined ? "" : String(now)));
  }, [now]);

  const type = (typed: string) => {
    setText(typed);
    if (typed.trim() === "") onChange(undefined);
    else if (!Number.isNaN(Number(typed))) onChange(Number(typed));
  };
  const box = (
    <input
      id={id}
      class={range ? "input narrow" : "input"}
      type="number"
      inputMode={whole ? "numeric" : "decimal"}
      step={whole ? 1 : "any"}
      min={field.schema.minimum}
      max={field.schema.maximum}
      value={text}
      placeholder={field.schema.default == null ? "" : String(field.schema.default)}
      aria-describedby={describedBy}
      aria-invalid={invalid}
      required={field.required}
      onInput={(event) => type(event.currentTarget.value)}
    />
  );
  if (!range) return box;

  const { low, high, step } = range;
  // A default near the low end of a wide range slides by ratio or by a power, so that it can be set finely.
  const ratio = low > 0 && high / low >= 1000;
  const usual = typeof field.schema.default === "number" ? (field.schema.default - low) / (high - low) : 1;
  const power = !ratio && usual > 0 && usual < 0.1 ? Math.log(usual) / Math.log(0.4) : 1;
  const bent = ratio || power !== 1;
  const round = (raw: number): number => (whole ? Math.round(raw) : Number(raw.toPrecision(bent ? 2 : 10)));
  const from = (at: number): number => (ratio ? round(low * (high / low) ** (at / STEPS)) : bent ? round(low + (high - low) * (at / STEPS) ** power) : at);
  const to = (raw: number): number => (ratio ? (STEPS * Math.log(Math.max(raw, low) / low)) / Math.log(high / low) : bent ? STEPS * (Math.max(raw - low, 0) / (high - low)) ** (1 / power) : raw);
  const start = now ?? (low + high) / 2;
  const share = Math.max(0, Math.min(1, bent ? to(start) / STEPS : (start - low) / (high - low)));
  return (
    <span class={now === undefined ? "slider unset" : "slider"}>
      <input
        type="range"
        aria-labelledby={labelledBy}
        aria-valuetext={now === undefined ? "not given" : number(now)}
        min={bent ? 0 : low}
        max={bent ? STEPS : high}
        step={bent ? 1 : step}
        value={to(start)}
        ref={(element) => {
          element?.style.setProperty("--at", `${share * 100}%`);
        }}
        onInput={(event) => onChange(from(Number(event.currentTarget.value)))}
      />
      {box}
      {field.schema["x-play"] && <Play what={field.label} now={start} low={low} high={high} onStep={onChange} />}
    </span>
  );
}
