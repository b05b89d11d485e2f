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

export interface Mark {
  x: number;
  what: string;
  ink: number;
}

export interface CurvesDrawing {
  height: number;
  /** One entry a column of the data behind x. */
  columns: { ink: number; dash: number[]; faint: boolean; width: number; points: boolean }[];
  axis: "step" | "time" | "relative";
  logX: boolean;
  logY: boolean;
  sync: string;
  /** Where the x axis goes; null for all that is there. */
  rangeX: () => [number, number] | null;
  rangeY: () => [number, number] | null;
  marks: () => Mark[];
  levels: () => { value: number; ink: number }[];
  chosen: (from: number, to: number) => void;
  reset: () => void;
  onCursor: (at: number | null) => void;
}

/** A length of time on an axis: 40 s, 2:30, 1:10 h. */
function clock(seconds: number): string {
  const sign = seconds < 0 ? "−" : "";
  const s = Math.abs(seconds);
  if (s < 120) return `${sign}${number(Number(s.toPrecision(4)))} s`;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  return s < 7200 ? `${sign}${Math.floor(s / 60)}:${two(s % 60)} min` : `${sign}${Math.floor(s / 3600)}:${two((s / 60) % 60)} h`;
}

const CLOCK = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];
const WHOLE = [1, 2, 5].flatMap((n) => Array.from({ length: 16 }, (_, e) => n * 10 ** e)).sort((a, b) => a - b);

/** The curves of a run: a range by dragging, one cursor in all charts, marks for what has no place on the axis. */
export function drawCurves(box: HTMLElement, data: uPlot.AlignedData, d: CurvesDrawing): uPlot {
  const ink = token("--ink-3");
  const bad = token("--bad");
  const paper = token("--raised");
  const inks = Array.from({ length: 6 }, (_, i) => token(`--c-${i + 1}`));
  const font = `11px ${token("--font")}`;
  const axis: uPlot.Axis = { stroke: ink, font, grid: { stroke: token("--line"), width: 1 }, ticks: { show: false } };
  const ticks = (_: uPlot, all: (number | null)[]): string[] => all.map((at) => (at === null ? "" : d.axis === "relative" ? clock(at) : Math.abs(at) >= 10_000 ? `${Number((at / 1000).toFixed(1))}k` : number(at)));
  const incrs = d.axis === "step" ? WHOLE : CLOCK;
  return new uPlot(
    {
      width: Math.max(120, Math.floor(box.clientWidth)),
      height: d.height,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      ms: 1,
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        sync: { key: d.sync, setSeries: false, scales: ["x", null] as never },
        bind: {
          dblclick: () => () => {
            d.reset();
            return null;
          },
        },
      },
      scales: {
        x: { time: d.axis === "time", distr: d.logX ? 3 : 1, range: (_, low, high) => (d.rangeX() ?? (low === high ? [low - 1, high + 1] : [low, high])) as uPlot.Range.MinMax },
        y: {
          distr: d.logY ? 3 : 1,
          range: (_, low, high) => {
            const [from, to] = d.rangeY() ?? [low, high];
            if (from === null || from === undefined) return d.logY ? [0.1, 1] : [0, 1];
            return (d.logY ? uPlot.rangeLog(from, to, 10, false) : uPlot.rangeNum(from, to, 0.08, true)) as uPlot.Range.MinMax;
          },
        },
      },
      axes: [
        { ...axis, size: 26, gap: 4, space: d.axis === "time" ? 70 : 56, ...(d.axis === "time" ? {} : { values: ticks as uPlot.Axis.Values }), ...(d.axis === "time" || d.logX ? {} : { incrs }) },
        { ...axis, size: 50, gap: 4, values: (_, all) => all.map((at) => (at === null ? "" : number(at))) },
      ],
      series: [
        {},
        ...d.columns.map((one) => ({
          stroke: inks[one.ink % 6]!,
          alpha: one.faint ? 0.28 : 1,
          width: one.width,
          dash: one.dash,
          spanGaps: false,
          points: { show: one.points ? true : undefined, size: 5 } as uPlot.Series.Points,
        })),
      ],
      hooks: {
        setCursor: [(plot) => d.onCursor(plot.cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            d.chosen(from, to);
          },
        ],
        draw: [
          (plot) => {
            const { ctx, bbox } = plot;
            const unit = devicePixelRatio;
            ctx.save();
            ctx.beginPath();
            ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
            ctx.clip();
            for (const { value, ink: which } of d.levels()) {
              const y = Math.round(plot.valToPos(value, "y", true));
              ctx.strokeStyle = inks[which % 6]!;
              ctx.globalAlpha = 0.7;
              ctx.lineWidth = unit;
              ctx.setLineDash([2 * unit, 4 * unit]);
              ctx.beginPath();
              ctx.moveTo(bbox.left, y);
              ctx.lineTo(bbox.left + bbox.width, y);
              ctx.stroke();
            }
            ctx.restore();
            ctx.save();
            const size = 3.5 * unit;
            for (const { x, what } of d.marks()) {
              const at = plot.valToPos(x, "x", true);
              if (!(at >= bbox.left - 1 && at <= bbox.left + bbox.width + 1)) continue;
              const y = what === "∞" ? bbox.top + size : bbox.top + bbox.height - size - unit;
              ctx.strokeStyle = ctx.fillStyle = bad;
              ctx.lineWidth = 1.75 * unit;
              ctx.beginPath();
              if (what === "NaN") {
                ctx.moveTo(at - size, y - size);
                ctx.lineTo(at + size, y + size);
                ctx.moveTo(at + size, y - size);
                ctx.lineTo(at - size, y + size);
                ctx.stroke();
              } else {
                const up = what === "∞" ? -1 : 1;
                ctx.moveTo(at, y + up * size);
                ctx.lineTo(at - size, y - up * size);
                ctx.lineTo(at + size, y - up * size);
                ctx.closePath();
                if (what === "≤ 0") {
                  ctx.fillStyle = paper;
                  ctx.fill();
                  ctx.stroke();
                } else ctx.fill();
              }
            }
            ctx.restore();
          },
        ],
      },
    },
    data,
    box,
  );
}
