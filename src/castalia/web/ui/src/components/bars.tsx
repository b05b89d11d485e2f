import { number, percent, signed } from "../format";

export interface Bar {
  name: string;
  note?: string;
  value: number;
  top?: boolean;
}

/** Shares of a whole, longest first unless their order means something. */
export function ShareBars({ bars, label }: { bars: Bar[]; label: string }) {
  return (
    <ul class="bars" aria-label={label}>
      {bars.map((one) => (
        <li key={one.name} class={one.top ? "top" : ""}>
          <span class="name">{one.name}</span>
          <span class="track" aria-hidden="true">
            <i style={{ left: "0", width: `${Math.max(0, Math.min(1, one.value)) * 100}%` }} />
          </span>
          <span class="figure">{percent(one.value)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Amounts either side of zero: the sign is written, the side repeats it, the colour too. */
export function SignedBars({ bars, label }: { bars: Bar[]; label: string }) {
  const most = Math.max(...bars.map((one) => Math.abs(one.value)), 1e-12);
  const both = bars.some((one) => one.value < 0);
  const zero = both ? 50 : 0;
  return (
    <ul class={bars.some((one) => one.note) ? "bars noted" : "bars"} aria-label={label}>
      {bars.map((one, i) => {
        const width = (Math.abs(one.value) / most) * (both ? 50 : 100);
        return (
          <li key={`${one.name}${i}`}>
            <span class="name">{one.name}</span>
            <span class="track" aria-hidden="true">
              {both && <u style={{ left: "50%" }} />}
              <i class={!both ? "" : one.value < 0 ? "down" : "up"} style={{ left: `${one.value < 0 ? zero - width : zero}%`, width: `${width}%` }} />
            </span>
            <span class="figure">{both ? signed(one.value) : number(one.value)}</span>
            {one.note && <small>{one.note}</small>}
          </li>
        );
      })}
    </ul>
  );
}
