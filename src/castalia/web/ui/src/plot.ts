// uPlot, dressed in our tokens. Fetched when the first curve is shown.
import uPlot from "uplot";
import { number } from "./format";
import { token } from "./theme";

export interface Drawing {
  names: string[];
  data: uPlot.AlignedData;
  log: boolean;
  height: number;
  x: string;
  y: string;
  dashes: number[][];
  inks: number;
  onCursor: (at: number | null) => void;
}

export function draw(box: HTMLElement, d: Drawing): uPlot {
  const ink = token("--ink-3");
  const font = `11px ${token("--font")}`;
  const axis: uPlot.Axis = { stroke: ink, font, grid: { stroke: token("--line"), width: 1 }, ticks: { show: false } };
  const whole = d.data[0]?.every((at) => Number.isInteger(at)) ?? true;
  const few = (d.data[0]?.length ?? 0) <= 2;
  return new uPlot(
    {
      width: Math.max(120, Math.floor(box.clientWidth)),
      height: d.height,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: d.log ? { distr: 3 } : {} },
      axes: [
        // Steps are counted: no tick at 1.5.
        { ...axis, size: 30, ...(whole ? { incrs: [1, 2, 5].flatMap((n) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((e) => n * 10 ** e)).sort((a, b) => a - b) } : {}), ...(d.x === "step" ? {} : { label: d.x, labelSize: 18, labelFont: font, labelGap: 0 }), values: (_, all) => all.map((at) => (Math.abs(at) >= 10_000 ? `${Number((at / 1000).toFixed(1))}k` : number(at))) },
        { ...axis, size: 52, values: (_, all) => all.map((at) => (at === null ? "" : number(at))) },
      ],
      series: [
        {},
        ...d.names.map((name, i) => ({
          label: name,
          stroke: token(`--c-${(i % d.inks) + 1}`),
          width: 2,
          dash: d.dashes[i % d.inks]!,
          spanGaps: true,
          points: { show: few ? true : undefined, size: 6 } as uPlot.Series.Points,
        })),
      ],
      hooks: { setCursor: [(plot) => d.onCursor(plot.cursor.idx ?? null)] },
    },
    d.data,
    box,
  );
}
