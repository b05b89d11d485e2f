// What the job of a run printed, as it prints it.
import { useEffect, useRef, useState } from "preact/hooks";
import { request, part } from "../../api";
import { running } from "../../jobs";
import type { Job } from "../../types";

const LINES = 2000;

export function LogTab({ job }: { job: Job | undefined }) {
  const [text, setText] = useState<string>();
  const [following, setFollowing] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const alive = job !== undefined && running(job);
  useEffect(() => {
    if (!job) return;
    let gone = false;
    let timer = 0;
    const ask = async (): Promise<void> => {
      try {
        const said = await (await request(`jobs/${part(job.id)}/log?lines=${LINES}`)).text();
        if (!gone) setText(said);
      } catch {
        // the banner says that the server is away; a job without a log has printed nothing
        if (!gone) setText((old) => old ?? "");
      }
      if (alive && !gone) timer = window.setTimeout(ask, 1500);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [job?.id, alive]);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, following]);
  if (!job) return <p class="muted">This run has no job of the workbench, so no log. What a script prints stays in its own terminal.</p>;
  return (
    <section class="stack tight" aria-label="Log">
      <div class="row apart small muted">
        <span>
          The last {LINES.toLocaleString("en")} lines of job <code>{job.id}</code>
        </span>
        <label class="check">
          <input type="checkbox" checked={following} onChange={(event) => setFollowing(event.currentTarget.checked)} /> Stay at the end
        </label>
      </div>
      <pre class="log tall" ref={box} tabIndex={0} role="region" aria-label="Log">
        {text === undefined ? "…" : text || "Nothing was printed."}
      </pre>
    </section>
  );
}
