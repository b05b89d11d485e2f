// Choosing what to reach: one box that searches, and the list below it with sizes.
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { number, plural } from "../../format";
import type { Choices, Goal } from "./types";

const kinds: Record<string, string> = { everything: "All of it", endgame: "Endgame", project: "Project", track: "Track", skill: "Skill", topic: "Topic", own: "Your own" };
const TOPICS = /^\s*[a-z]{2}\d\d(\s*,\s*[a-z]{2}\d\d)*\s*$/i;

interface Entry {
  id: string;
  title: string;
  kind: string;
  size: string;
}

const sized = (one: Goal): Entry => ({ ...one, size: `${plural(one.topics, "topic")}, about ${number(one.hours)} hours` });

export function GoalPicker({ choices, chosen, labelledBy, choose, offered, done }: { choices: Choices; chosen: string; labelledBy: string; choose: (id: string, title: string) => void; offered: { current: { id: string; title: string } | undefined }; done: () => void }) {
  const id = useId();
  const [text, setText] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const found = useMemo(() => look(choices, text), [choices, text]);
  const [place, setPlace] = useState(() => Math.max(0, found.findIndex((one) => one.id === chosen)));
  const at = Math.min(place, found.length - 1);
  useEffect(() => {
    const item = list.current?.children[at] as HTMLElement | undefined;
    if (item && list.current) {
      // Not scrollIntoView: only the list moves, not the page.
      const box = list.current;
      if (item.offsetTop < box.scrollTop) box.scrollTop = item.offsetTop;
      else if (item.offsetTop + item.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = item.offsetTop + item.offsetHeight - box.clientHeight;
    }
  }, [at, found]);
  // What is highlighted is meant by whoever typed a word, also without having clicked it.
  offered.current = text.trim() && found[at]?.id !== chosen ? found[at] : undefined;
  const take = (one: Entry | undefined): void => {
    if (one) choose(one.id, one.title);
  };
  const keys = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1, PageDown: 6, PageUp: -6 }[event.key];
    if (move) {
      event.preventDefault();
      const next = Math.max(0, Math.min(found.length - 1, at + move));
      setPlace(next);
      take(found[next]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (found.length) done();
    }
  };
  return (
    <div class="stack tight" data-field="goal">
      <input
        type="text"
        class="input"
        role="combobox"
        aria-labelledby={labelledBy}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={found.length ? `${id}-${at}` : undefined}
        placeholder="Search: gpt, vision, churn, research…"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setPlace(0);
        }}
        onKeyDown={keys}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Goals" class="goals plain" ref={list}>
        {found.map((one, i) => (
          <li
            key={one.id}
            id={`${id}-${i}`}
            role="option"
            aria-selected={one.id === chosen}
            class={i === at ? "at" : ""}
            onClick={() => {
              setPlace(i);
              take(one);
            }}
          >
            <span class="goal-title">{one.title}</span>
            <span class="goal-kind">{kinds[one.kind] ?? one.kind}</span>
            <span class="goal-size num">{one.size}</span>
          </li>
        ))}
      </ul>
      <p role="status" class={found.length ? "hidden" : "small"}>
        {found.length ? plural(found.length, "goal") : "Nothing is called that. Ids of topics with commas make a goal of your own: nl05, ge02."}
      </p>
    </div>
  );
}

/** Goals whose name, kind or id holds every word; topics only where something was typed. */
function look(choices: Choices, text: string): Entry[] {
  const wanted = text.toLowerCase().split(/[\s_]+/).filter(Boolean);
  const fits = (one: { id: string; title: string; kind: string }): boolean => wanted.every((word) => `${one.title} ${one.id} ${kinds[one.kind]}`.toLowerCase().includes(word));
  const endgames = choices.goals.filter((one) => one.kind === "endgame");
  const goals = [...endgames, ...choices.goals.filter((one) => one.kind !== "endgame")].filter(fits).map(sized);
  if (!wanted.length) return goals;
  const topics = choices.skills
    .flatMap((skill) => skill.topics.map((topic) => ({ id: topic.id, title: capital(topic.title), kind: "topic", size: skill.title })))
    .filter(fits);
  const own = TOPICS.test(text) && text.includes(",") ? [{ id: text.toLowerCase().replace(/\s/g, ""), title: `A goal of your own: ${text.trim()}`, kind: "own", size: "" }] : [];
  return [...own, ...goals, ...topics];
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
