import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { LOST, Problem, part, url } from "../api";
import { useConnection } from "../connection";
import { bytes, plural } from "../format";
import "../lists";
import { type Line, LogReader, nothing } from "../log";

const EVERY = 1000;
const AT_ONCE = 1000;
/** In one line. */
const MOST_MARKS = 10;

/** What a job printed: the end first, growing while it lives, searched, never more of it in the page than can be read. */
export function JobLog({ id, alive, tall = false }: { id: string; alive: boolean; tall?: boolean }) {
  const [whole, setWhole] = useState(false);
  const reader = useMemo(() => new LogReader(id, whole), [id, whole]);
  const [output, setOutput] = useState(nothing);
  const [asked, setAsked] = useState(false);
  const [search, setSearch] = useState("");
  const [following, setFollowing] = useState(true);
  const [most, setMost] = useState(AT_ONCE);
  const { returns } = useConnection();
  const box = useRef<HTMLPreElement>(null);

  useEffect(() => {
    const control = new AbortController();
    let timer = 0;
    let first = true;
    const ask = async (): Promise<void> => {
      try {
        if (!document.hidden || first) {
          await reader.read(control.signal);
          setOutput(reader.output);
        }
      } catch (error) {
        // The banner says that the server is away, and its return begins this anew; the page says what is wrong with the job.
        if (control.signal.aborted || !(error instanceof Problem) || error === LOST) return;
      }
      first = false;
      setAsked(true);
      if (alive && !control.signal.aborted) timer = window.setTimeout(ask, EVERY);
    };
    void ask();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [reader, alive, returns]);

  const wanted = search.trim().toLowerCase();
  // Words are looked for in all of it, not in the end that happens to be here.
  useEffect(() => {
    if (wanted && output.before) setWhole(true);
  }, [wanted]);
  const found = useMemo(() => (wanted ? output.lines.filter((one) => !one.left && one.text.toLowerCase().includes(wanted)) : output.lines), [output, wanted]);
  const shown = found.slice(-most);
  useLayoutEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [output, following, wanted]);
  const earlier = found.length - shown.length;
  if (asked && !alive && !output.size) return <p class="muted small">Nothing was printed.</p>;
  return (
    <section class="stack tight" aria-label="Log">
      <div class="row apart log-tools">
        <input class="input little narrow-search" type="search" aria-label="Search the log" placeholder="Search the log" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        <span class="row small muted">
          <label class="check">
            <input type="checkbox" checked={following} onChange={(event) => setFollowing(event.currentTarget.checked)} /> Stay at the end
          </label>
          <a href={url(`jobs/${part(id)}/log`)} target="_blank" rel="noopener">
            Plain text<span class="hidden"> (opens in a new tab)</span>
          </a>
          <span role="status">{wanted ? `${plural(found.length, "line")} with it` : ""}</span>
        </span>
      </div>
      {(output.before > 0 || earlier > 0) && (
        <p class="row small muted">
          {earlier > 0 ? (
            <button type="button" class="button little" onClick={() => setMost(most + AT_ONCE)}>
              Show {Math.min(AT_ONCE, earlier).toLocaleString("en")} lines more
            </button>
          ) : whole ? null : (
            <button type="button" class="button little" onClick={() => setWhole(true)}>
              Fetch all of it
            </button>
          )}
          <span class="num">
            {earlier > 0 && `${plural(earlier, "earlier line")} not shown. `}
            {output.before > 0 && `${bytes(output.before)} before that ${whole ? "left out: too much for a page" : "not fetched"}.`}
          </span>
        </p>
      )}
      <pre
        class={tall ? "log tall" : "log"}
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="What it printed"
        onScroll={(event) => {
          const at = event.currentTarget;
          setFollowing(at.scrollHeight - at.scrollTop - at.clientHeight < 24);
        }}
      >
        {shown.length || output.drawing ? (
          <>
            {wanted ? shown.map((one, i) => <Marked key={i} line={one} wanted={wanted} />) : plain(shown)}
            {!wanted && output.drawing && <span class="drawing-line">{output.drawing}</span>}
          </>
        ) : (
          <span class="faint">{!asked ? "…" : wanted ? "No line has it." : "Nothing was printed yet."}</span>
        )}
      </pre>
    </section>
  );
}

/** Lines as one text wherever they can be: thousands of elements would be slow. */
function plain(lines: Line[]) {
  const parts: (string | preact.JSX.Element)[] = [];
  let text = "";
  for (const one of lines) {
    if (one.left) {
      parts.push(text, <span class="left-out">{bytes(one.left)} of output were not kept</span>, "\n");
      text = "";
    } else text += `${one.text}\n`;
  }
  return [...parts, text];
}

function Marked({ line, wanted }: { line: Line; wanted: string }) {
  const parts: (string | preact.JSX.Element)[] = [];
  const low = line.text.toLowerCase();
  // A letter may be longer in small: then the places of the two differ, and the line is shown as it is.
  if (low.length === line.text.length)
    for (let at = low.indexOf(wanted), from = 0, count = 0; ; at = low.indexOf(wanted, from), count += 1) {
      if (at < 0 || count === MOST_MARKS) {
        parts.push(line.text.slice(from));
        break;
      }
      parts.push(line.text.slice(from, at));
      parts.push(<mark>{line.text.slice(at, at + wanted.length)}</mark>);
      from = at + wanted.length;
    }
  else parts.push(line.text);
  return <>{[...parts, "\n"]}</>;
}
