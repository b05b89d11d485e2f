import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

type Point = [number, number];
const SIDE = 280;
const SENT = 140;
const BRUSH = 22;

/**
 * A square to draw one sign on, white on black as in MNIST. With the keyboard: arrows move the pen, Space lowers
 * and lifts it, Backspace takes the last stroke back.
 */
export function DrawingPad({ label, describedBy, onDraw, children }: { label: string; describedBy: string | undefined; onDraw: (uri: string | undefined) => void; children?: ComponentChildren }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const strokes = useRef<Point[][]>([]);
  const pen = useRef<Point>([SIDE / 2, SIDE / 2]);
  const down = useRef(false);
  const [count, setCount] = useState(0);
  const [said, setSaid] = useState("");
  const [keyboard, setKeyboard] = useState(false);

  const paint = (cursor = true): void => {
    const at = canvas.current?.getContext("2d");
    if (!at) return;
    at.fillStyle = "#000";
    at.fillRect(0, 0, SIDE, SIDE);
    at.strokeStyle = "#fff";
    at.lineWidth = BRUSH;
    at.lineCap = at.lineJoin = "round";
    for (const stroke of strokes.current) {
      at.beginPath();
      stroke.forEach(([x, y], i) => (i ? at.lineTo(x, y) : at.moveTo(x, y)));
      if (stroke.length === 1) at.lineTo(stroke[0]![0] + 0.1, stroke[0]![1]);
      at.stroke();
    }
    if (cursor && keyboard && document.activeElement === canvas.current) {
      at.strokeStyle = down.current ? "#63c9bf" : "#888";
      at.lineWidth = 2;
      at.beginPath();
      at.arc(pen.current[0], pen.current[1], BRUSH / 2 + 2, 0, 7);
      at.stroke();
    }
  };
  useEffect(() => paint(), [keyboard]);

  const hand = (): void => {
    if (!canvas.current) return;
    setCount(strokes.current.length);
    if (!strokes.current.length) return onDraw(undefined);
    paint(false);
    const shown = document.createElement("canvas");
    shown.width = shown.height = SENT;
    const at = shown.getContext("2d")!;
    at.imageSmoothingQuality = "high";
    at.drawImage(canvas.current, 0, 0, SENT, SENT);
    paint();
    onDraw(shown.toDataURL("image/png"));
  };
  const where = (event: PointerEvent): Point => {
    const box = canvas.current!.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  };
  const undo = (): void => {
    strokes.current.pop();
    setSaid(strokes.current.length ? "Last stroke taken back" : "Empty");
    paint();
    hand();
  };
  const clear = (): void => {
    strokes.current = [];
    setSaid("Empty");
    paint();
    hand();
  };
  const keys = (event: KeyboardEvent): void => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      const step = event.shiftKey ? 3 : 10;
      const keep = (n: number): number => Math.max(0, Math.min(SIDE, n));
      pen.current = [keep(pen.current[0] + move[0]! * step), keep(pen.current[1] + move[1]! * step)];
      if (down.current) strokes.current[strokes.current.length - 1]?.push(pen.current);
    } else if (event.key === " ") {
      down.current = !down.current;
      setSaid(down.current ? "Pen down" : "Pen up");
      if (down.current) strokes.current.push([pen.current]);
      else hand();
    } else if (event.key === "Backspace") undo();
    else return;
    event.preventDefault();
    setKeyboard(true);
    paint();
    if (down.current && move) hand();
  };
  return (
    <>
      <canvas
        ref={canvas}
        width={SIDE}
        height={SIDE}
        tabIndex={0}
        role="application"
        aria-label={`Draw ${label}. Arrows move the pen, Space lowers and lifts it, Backspace takes a stroke back.`}
        aria-describedby={describedBy}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          down.current = true;
          setKeyboard(false);
          strokes.current.push([where(event)]);
          paint();
        }}
        onPointerMove={(event) => {
          if (!down.current || !event.buttons) return;
          strokes.current[strokes.current.length - 1]?.push(...(event.getCoalescedEvents?.() ?? [event]).map(where));
          paint();
        }}
        onPointerUp={() => {
          if (!down.current) return;
          down.current = false;
          hand();
        }}
        onPointerCancel={() => (down.current = false)}
        onKeyDown={keys}
        onFocus={() => paint()}
        onBlur={() => {
          if (keyboard && down.current) {
            down.current = false;
            hand();
          }
          paint();
        }}
      />
      <div class="pad-tools">
        <div class="row">
          <button type="button" class="button little" disabled={!count} onClick={undo}>
            <Icon name="undo" /> Undo
          </button>
          <button type="button" class="button little" disabled={!count} onClick={clear}>
            <Icon name="cross" /> Clear
          </button>
        </div>
        <span class="help">{count ? "Draw on, or ask." : "Draw here with mouse, finger, pen or the arrow keys."}</span>
        <span class="hidden" role="status">
          {said}
        </span>
        {children}
      </div>
    </>
  );
}
