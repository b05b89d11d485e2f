import { useState } from "preact/hooks";
import { get, part } from "../api";
import { Segments } from "../components/choice";
import { Code } from "../components/code";
import { Icon } from "../components/icons";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { useResource } from "../resource";
import type { TabProps } from "./system";

interface SourceFile {
  file: string;
  text: string;
}

/** The reference's source lies under a cover: whoever wants to build it first is not shown the answer. */
export function SourceTab({ system, address }: TabProps) {
  const key = `castalia.uncovered.${address}`;
  const [open, setOpen] = useState(() => sessionStorage.getItem(key) === "yes");
  if (open) return <Files address={address} />;
  return (
    <section class="empty cover">
      <h2>The solution is under here</h2>
      <p>If you mean to build {system.title} yourself, leave it covered: reading the answer first takes the best part away. If you only use it, go ahead.</p>
      <button
        type="button"
        class="button"
        onClick={() => {
          sessionStorage.setItem(key, "yes");
          setOpen(true);
        }}
      >
        <Icon name="eye" /> Show the source
      </button>
    </section>
  );
}

function Files({ address }: { address: string }) {
  const { value, problem, again } = useResource<SourceFile[]>(`systems/${address}/source`, (signal) => get(`systems/${part(address)}/source`, signal));
  const [name, setName] = useState("");
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the source" />;
  const shown = value.find((one) => one.file === name) ?? value[0];
  if (!shown) return <p class="muted">This system shows no source.</p>;
  return (
    <div class="stack">
      {value.length > 1 && <Segments label="File" options={value.map((one) => ({ value: one.file, label: one.file }))} value={shown.file} onChange={setName} />}
      <Code text={shown.text} what={shown.file} />
    </div>
  );
}
