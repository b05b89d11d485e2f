import { useId } from "preact/hooks";

export interface Option {
  value: string;
  label: string;
}

/** Two to four short answers side by side: radio buttons underneath, so arrows and screen readers work. */
export function Segments(props: { label: string; hidden?: boolean; options: Option[]; value: string | undefined; onChange: (value: string) => void; describedBy?: string; labelledBy?: string }) {
  const name = useId();
  return (
    <div class="segments" role="radiogroup" aria-label={props.labelledBy ? undefined : props.label} aria-labelledby={props.labelledBy} aria-describedby={props.describedBy}>
      {props.options.map((one) => (
        <label key={one.value}>
          <input type="radio" name={name} value={one.value} checked={props.value === one.value} onChange={() => props.onChange(one.value)} />
          <span>{one.label}</span>
        </label>
      ))}
    </div>
  );
}
