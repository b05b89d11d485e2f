// What is known already: whole skills, or single topics of them.
import { useEffect, useRef } from "preact/hooks";
import type { Skill } from "./types";

export function KnownPicker({ skills, needed, known, change }: { skills: Skill[]; needed: string[]; known: string[]; change: (known: string[]) => void }) {
  const chosen = new Set(known);
  const turn = (ids: string[], on: boolean): void => change(on ? [...new Set([...known, ...ids])] : known.filter((id) => !ids.includes(id)));
  const shown = skills.map((skill) => ({ ...skill, all: skill.topics.map((one) => one.id), topics: skill.topics.filter((one) => needed.includes(one.id) || chosen.has(one.id)) })).filter((skill) => skill.topics.length);
  return (
    <div class="stack" data-field="known">
      <fieldset class="chips">
        <legend class="label">Whole skills</legend>
        {shown.map((skill) => {
          const ids = skill.topics.map((one) => one.id);
          const count = ids.filter((id) => chosen.has(id)).length;
          return <Chip key={skill.id} label={skill.title} on={count === ids.length} some={count > 0 && count < ids.length} turn={(on) => turn(skill.all, on)} />;
        })}
      </fieldset>
      <details>
        <summary>Single topics</summary>
        <div class="stack">
          {shown.map((skill) => (
            <fieldset class="chips" key={skill.id}>
              <legend class="label">{skill.title}</legend>
              {skill.topics.map((topic) => (
                <Chip key={topic.id} label={topic.title} on={chosen.has(topic.id)} turn={(on) => turn([topic.id], on)} />
              ))}
            </fieldset>
          ))}
        </div>
      </details>
    </div>
  );
}

function Chip({ label, on, some = false, turn }: { label: string; on: boolean; some?: boolean; turn: (on: boolean) => void }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = some;
  }, [some]);
  return (
    <label class="pick">
      <input ref={box} type="checkbox" checked={on} onChange={(event) => turn(event.currentTarget.checked)} /> <span>{label}</span>
    </label>
  );
}
