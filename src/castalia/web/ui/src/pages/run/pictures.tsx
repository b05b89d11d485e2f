// A picture, as large as one likes; where it was kept at several steps, all of them on a slider, two side by side.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { url } from "../../api";
import { Icon } from "../../components/icons";
import { number } from "../../format";
import type { Artifact } from "../../types";
import { fileAt } from "./files";
import { stepsOf } from "./steps";

const SIZES = [0, 1, 2, 4, 8];
/** Pixels a side of a picture that is shown larger than it is, by a whole number, in so much room. */
const SMALL = 200;
const ROOM = 448;

export function Pictures({ file, files, at: owner }: { file: Artifact; files: Artifact[]; at: string }) {
  const steps = stepsOf(file.name, files.map((one) => one.name));
  const [at, setAt] = useState(() => Math.max(0, steps.findIndex((one) => one.name === file.name)));
  const [other, setOther] = useState(-1);
  const [zoom, setZoom] = useState(0);
  const [swipe, setSwipe] = useState(50);
  const shown = steps[at]?.name ?? file.name;
  const address = (name: string): string => url(fileAt(owner, name));
  const size = SIZES[zoom]!;
  return (
    <div class="stack tight">
      <div class="row apart">
        {steps.length > 0 ? (
          <label class="row grow whole step-slider">
            <span class="label">
              Step <span class="num">{number(steps[at]!.step)}</span>
            </span>
            <input type="range" min={0} max={steps.length - 1} step={1} value={at} style={{ "--at": `${(at / (steps.length - 1)) * 100}%` }} aria-valuetext={`step ${steps[at]!.step}`} onInput={(event) => setAt(Number(event.currentTarget.value))} />
          </label>
        ) : (
          <span />
        )}
        <span class="row" role="group" aria-label="Size">
          <button type="button" class="button little" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)} aria-label="Smaller">
            −
          </button>
          <output class="num small">{size ? `${size * 100} %` : "Fit"}</output>
          <button type="button" class="button little" disabled={zoom === SIZES.length - 1} onClick={() => setZoom(zoom + 1)} aria-label="Larger">
            +
          </button>
        </span>
      </div>
      <Stage>
        <One key={shown} source={address(shown)} name={shown} size={size} />
        {other >= 0 && steps[other] && (
          <div class="over" style={{ clipPath: `inset(0 0 0 ${swipe}%)` }}>
            <One key={steps[other].name} source={address(steps[other].name)} name={steps[other].name} size={size} />
          </div>
        )}
        {other >= 0 && <div class="swipe" style={{ left: `${swipe}%` }} aria-hidden="true" />}
      </Stage>
      {steps.length > 0 &&
        (other < 0 ? (
          <button type="button" class="button quiet little start" onClick={() => setOther(at === 0 ? steps.length - 1 : 0)}>
            <Icon name="plus" size={14} /> Compare with another step
          </button>
        ) : (
          <div class="row">
            <label class="row grow whole step-slider">
              <span class="label">
                On the right: step <span class="num">{number(steps[other]!.step)}</span>
              </span>
              <input type="range" min={0} max={steps.length - 1} step={1} value={other} style={{ "--at": `${(other / (steps.length - 1)) * 100}%` }} aria-valuetext={`step ${steps[other]!.step}`} onInput={(event) => setOther(Number(event.currentTarget.value))} />
            </label>
            <label class="row grow whole step-slider">
              <span class="label">Divider</span>
              <input type="range" min={0} max={100} value={swipe} style={{ "--at": `${swipe}%` }} onInput={(event) => setSwipe(Number(event.currentTarget.value))} />
            </label>
            <button type="button" class="button quiet little" onClick={() => setOther(-1)}>
              One only
            </button>
          </div>
        ))}
    </div>
  );
}

function Stage({ children }: { children: ComponentChildren }) {
  return (
    <div class="stage" tabIndex={0} role="region" aria-label="The picture">
      <div class="stage-in">{children}</div>
    </div>
  );
}

function One({ source, name, size }: { source: string; name: string; size: number }) {
  const [state, setState] = useState<{ width: number; height: number } | "wrong">();
  if (state === "wrong") return <p class="muted">This is no picture that a browser can read, whatever its name says.</p>;
  const known = typeof state === "object" ? state : undefined;
  const tiny = known !== undefined && known.width <= SMALL && known.height <= SMALL;
  const fit = tiny ? { width: `${known.width * Math.max(1, Math.floor(ROOM / Math.max(known.width, known.height)))}px` } : {};
  return <img src={source} alt={name} class={tiny || size > 1 ? "pixels" : ""} style={size && known ? { width: `${known.width * size}px`, maxWidth: "none" } : fit} onLoad={(event) => setState({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })} onError={() => setState("wrong")} />;
}
