// The same picture of several runs: side by side, under a slider, and what differs between two.
import { useEffect, useRef, useState } from "preact/hooks";
import { url } from "../../api";
import { Segments } from "../../components/choice";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { percent } from "../../format";
import { setQuery, usePlace } from "../../router";
import { fileAddress } from "../run/files";
import type { Comparison, Shown } from "./comparison";
import { Swatch } from "./legend";
import { Pair, usePair } from "./pair";
import { MOST_LOOKED, useShared } from "./shared";

const PICTURE = /\.(png|jpe?g|gif|webp)$/i;

export function Images({ all }: { all: Comparison }) {
  const { query } = usePlace();
  const { value, problem, again } = useShared(all.shown, PICTURE);
  if (problem) return <ProblemBox problem={problem} again={again} />;
  if (!value) return <Loading what="the list of pictures" />;
  if (!value.length) return <p class="muted">No two of the {all.shown.length > MOST_LOOKED ? `first ${MOST_LOOKED} ` : ""}shown runs have a picture of the same name.</p>;
  const file = value.find((one) => one.name === query.get("file")) ?? value[0]!;
  const how = query.get("how") ?? "";
  return (
    <section class="stack" aria-label="Images">
      <div class="row">
        <div class="control picking">
          <label class="label" for="image-file">
            Picture
          </label>
          <select id="image-file" class="input" value={file.name} onChange={(event) => setQuery({ file: event.currentTarget.value })}>
            {value.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name} ({one.runs.length})
              </option>
            ))}
          </select>
        </div>
        <div class="control">
          <span class="label" id="image-how">
            Show
          </span>
          <Segments label="Show" labelledBy="image-how" options={[{ value: "", label: "Side by side" }, { value: "slider", label: "Slider" }, { value: "difference", label: "Difference" }]} value={how} onChange={(how) => setQuery({ how })} />
        </div>
      </div>
      {how ? <Two key={file.name} name={file.name} runs={file.runs} how={how} /> : <Side name={file.name} runs={file.runs} />}
    </section>
  );
}

const address = (one: Shown, name: string): string => url(fileAddress(one.id, name));

function Side({ name, runs }: { name: string; runs: Shown[] }) {
  return (
    <ul class="pictures">
      {runs.map((one) => (
        <li key={one.id} data-run={one.id}>
          <Picture one={one} name={name} />
          <span class="row whole small">
            <Swatch ink={one.ink} /> <bdi>{one.name}</bdi>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Picture({ one, name }: { one: Shown; name: string }) {
  const [wrong, setWrong] = useState(false);
  return wrong ? <p class="muted small">No picture that a browser can read.</p> : <img src={address(one, name)} alt={`${name} of ${one.name}`} loading="lazy" onError={() => setWrong(true)} />;
}

function Two({ name, runs, how }: { name: string; runs: Shown[]; how: string }) {
  const [a, b] = usePair(runs);
  const [at, setAt] = useState(50);
  return (
    <div class="stack">
      <Pair runs={runs} a={a} b={b} />
      {how === "slider" ? (
        <>
          <div class="stage sliding">
            <div class="stage-in">
              <Picture key={a.id} one={a} name={name} />
              <div class="over" style={{ clipPath: `inset(0 0 0 ${at}%)` }}>
                <Picture key={b.id} one={b} name={name} />
              </div>
              <div class="swipe" style={{ left: `${at}%` }} aria-hidden="true" />
            </div>
          </div>
          <label class="row whole step-slider">
            <span class="label">Divider</span>
            <input type="range" min={0} max={100} value={at} style={{ "--at": `${at}%` }} aria-valuetext={`${at} % ${a.name}, the rest ${b.name}`} onInput={(event) => setAt(Number(event.currentTarget.value))} />
          </label>
        </>
      ) : (
        <Difference a={address(a, name)} b={address(b, name)} />
      )}
    </div>
  );
}

async function pixels(address: string, most = 2048): Promise<{ canvas: HTMLCanvasElement; data: ImageData }> {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  if (picture.naturalWidth > most || picture.naturalHeight > most) throw new RangeError(`larger than ${most} pixels`);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
  const ink = canvas.getContext("2d", { willReadFrequently: true })!;
  ink.drawImage(picture, 0, 0);
  return { canvas, data: ink.getImageData(0, 0, canvas.width, canvas.height) };
}

/** The distance of both pictures in each colour, brightened so that the largest is white. */
function Difference({ a, b }: { a: string; b: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [said, setSaid] = useState("");
  useEffect(() => {
    let gone = false;
    setSaid("");
    Promise.all([pixels(a), pixels(b)]).then(
      ([one, other]) => {
        const into = canvas.current;
        if (gone || !into) return;
        const [x, y] = [one.data, other.data];
        if (x.width !== y.width || x.height !== y.height) return setSaid(`The pictures differ in size: ${x.width} × ${x.height} and ${y.width} × ${y.height} pixels.`);
        const made = new ImageData(x.width, x.height);
        let most = 0;
        let changed = 0;
        for (let i = 0; i < x.data.length; i += 4) {
          let here = 0;
          for (let c = 0; c < 3; c++) {
            const far = Math.abs(x.data[i + c]! - y.data[i + c]!);
            made.data[i + c] = far;
            here = Math.max(here, far);
          }
          if (here) changed += 1;
          most = Math.max(most, here);
          made.data[i + 3] = 255;
        }
        if (most) for (let i = 0; i < made.data.length; i++) if (i % 4 < 3) made.data[i] = Math.round((made.data[i]! * 255) / most);
        [into.width, into.height] = [x.width, x.height];
        into.getContext("2d")!.putImageData(made, 0, 0);
        setSaid(changed ? `${percent(changed / (x.width * x.height))} of the pixels differ, at most by ${most} of 255. The difference is brightened ${(255 / most).toFixed(1)} times.` : "Both pictures are the same, pixel by pixel.");
      },
      (error: unknown) => !gone && setSaid(error instanceof RangeError ? `A picture is ${error.message}: the difference is not computed.` : "One of these is no picture that a browser can read."),
    );
    return () => void (gone = true);
  }, [a, b]);
  return (
    <div class="stack tight">
      <div class="stage">
        <div class="stage-in">
          <canvas ref={canvas} role="img" aria-label={said || "The difference"} />
        </div>
      </div>
      <p class="small muted" role="status">
        {said}
      </p>
    </div>
  );
}
