import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Problem, get } from "../../api";
import { Icon } from "../../components/icons";
import { useResource } from "../../resource";
import { show, type Shown } from "./address";
import type { Names } from "./columns";
import { type Offer, offers } from "./completing";
import { kindOf } from "./conditions";

const PAUSE = 60;

const LATE = 500;

/** What is wrong with a filter, once its writer has paused. */
function useLate(problem: Problem | undefined): Problem | undefined {
  const [late, setLate] = useState<Problem>();
  useEffect(() => {
    if (!problem) return setLate(undefined);
    const timer = setTimeout(() => setLate(problem), LATE);
    return () => clearTimeout(timer);
  }, [problem]);
  return problem && late;
}

/** One box for words and for filters: it offers what may come next, and shows where a filter is wrong. */
export function Filter({ shown, problem }: { shown: Shown; problem: Problem | undefined }) {
  const [typed, setTyped] = useState(shown.text);
  const [caret, setCaret] = useState<number | null>(null);
  const [at, setAt] = useState(-1);
  const box = useRef<HTMLInputElement>(null);
  const asked = caret !== null;
  const names = useResource<Names>(asked ? "runs/columns" : "", (signal) => get("runs/columns", signal)).value;
  const experiments = useResource<{ name: string }[]>(asked ? "experiments" : "", (signal) => get("experiments", signal)).value;

  const wrote = useRef(shown.text);
  const timer = useRef(0);
  // Before the next key: what comes after a frame would undo what was typed in that frame.
  useLayoutEffect(() => {
    // Not what the box itself wrote a moment ago, while its owner types on.
    if (shown.text === wrote.current) return;
    clearTimeout(timer.current);
    wrote.current = shown.text;
    setTyped(shown.text);
  }, [shown.text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const write = (text: string, replace: boolean): void => {
    clearTimeout(timer.current);
    wrote.current = text.trim();
    show({ text: wrote.current }, replace);
  };
  const type = (text: string): void => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => write(text, true), PAUSE);
  };
  useLayoutEffect(() => {
    const slash = (event: KeyboardEvent): void => {
      const typing = (event.target as Element | null)?.closest?.("input:not([type=checkbox]),textarea,select,dialog");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      box.current?.focus();
    };
    addEventListener("keydown", slash, true);
    return () => removeEventListener("keydown", slash, true);
  }, []);

  const list: Offer[] = caret === null ? [] : offers(typed, caret, names, (experiments ?? []).map((one) => one.name));
  const chosen = Math.min(at, list.length - 1);
  const take = (offer: Offer): void => {
    const text = typed.slice(0, offer.from) + offer.text + typed.slice(caret ?? typed.length);
    const place = offer.from + offer.text.length;
    // At once: the next key may come before the next frame.
    if (box.current) {
      box.current.focus();
      box.current.value = text;
      box.current.setSelectionRange(place, place);
    }
    type(text);
    setAt(-1);
    setCaret(place);
  };
  const keys = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && list.length) setAt((chosen + step + list.length + (chosen < 0 && step < 0 ? 1 : 0)) % list.length);
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list[chosen]!);
    else if (event.key === "Enter") {
      setCaret(null);
      write(typed, false);
    } else if (event.key === "Escape" && caret !== null && list.length) setCaret(null);
    else if (event.key === "Escape") document.querySelector<HTMLElement>(".grid")?.focus();
    else return;
    event.preventDefault();
  };
  const moved = (event: { currentTarget: HTMLInputElement }): void => setCaret(event.currentTarget.selectionStart ?? 0);
  const wrong = useLate(problem);
  return (
    <div class="filter">
      <div class="filter-box">
        <Icon name="search" />
        <input
          ref={box}
          id="runs-filter"
          type="text"
          class="input"
          role="combobox"
          aria-label="Filter runs: words, or a condition such as metrics.loss < 0.3"
          aria-expanded={list.length > 0}
          aria-controls="runs-offers"
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? `offer-${chosen}` : undefined}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong ? "filter-wrong" : undefined}
          placeholder="Filter: resnet, or metrics.loss < 0.3 AND status = 'done'"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={typed}
          onInput={(event) => {
            type(event.currentTarget.value);
            setAt(-1);
            moved(event);
          }}
          onClick={moved}
          onKeyUp={(event) => caret !== null && /^(Arrow(Left|Right)|Home|End)$/.test(event.key) && moved(event)}
          onKeyDown={keys}
          onBlur={() => setCaret(null)}
        />
        {typed && (
          <button
            type="button"
            class="icon-button"
            aria-label="Clear the filter"
            onClick={() => {
              setTyped("");
              write("", false);
              box.current?.focus();
            }}
          >
            <Icon name="cross" size={14} />
          </button>
        )}
        {list.length > 0 && (
          <ul class="offers" id="runs-offers" role="listbox" aria-label="What may come next">
            {list.map((one, i) => (
              <li
                key={one.label}
                id={`offer-${i}`}
                role="option"
                aria-selected={i === chosen}
                onMouseDown={(event) => {
                  event.preventDefault();
                  take(one);
                }}
              >
                <span>{one.label}</span>
                <span>{one.kind}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {shown.where.length > 0 && (
        <ul class="chips" aria-label="Conditions">
          {shown.where.map((one, i) => (
            <li key={one} class="chip accent">
              <bdi>{one}</bdi>
              <button type="button" aria-label={`Take away ${one}`} onClick={() => (show({ where: shown.where.filter((_, n) => n !== i) }), box.current?.focus(), setCaret(null))}>
                <Icon name="cross" size={12} />
              </button>
            </li>
          ))}
          {shown.where.length > 1 && (
            <li>
              <button type="button" class="button quiet little" onClick={() => (show({ where: [] }), box.current?.focus(), setCaret(null))}>
                Take all away
              </button>
            </li>
          )}
        </ul>
      )}
      {kindOf(typed) === "begun" && typed.trim() === shown.text && <p class="help">An operator and a value make this a condition: = 'done', &lt; 0.3, LIKE '%net'.</p>}
      {wrong && (
        <div class="wrong filter-wrong" id="filter-wrong" role="alert">
          <b>{wrong.subject}</b>
          {wrong.got && <pre>{wrong.got}</pre>}
          {(wrong.expected || wrong.cure) && <span>{[wrong.expected && `Expected: ${wrong.expected}.`, wrong.cure].filter(Boolean).join(" ")}</span>}
        </div>
      )}
    </div>
  );
}
