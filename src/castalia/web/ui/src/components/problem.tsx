import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "../api";
import { Icon } from "./icons";

export function focusField(field: string): void {
  const names = field.split(".");
  while (names.length) {
    const found = document.querySelector<HTMLElement>(`[data-field="${CSS.escape(names.join("."))}"]`);
    const control = found?.matches("input,select,textarea,canvas,button") ? found : found?.querySelector<HTMLElement>("input,select,textarea,canvas,button");
    if (control) {
      control.focus();
      control.scrollIntoView({ block: "center" });
      return;
    }
    names.pop();
  }
}

/** What went wrong in four parts. With `summary` it takes the focus and leads to each field. */
export function ProblemBox({ problem, summary = false, again }: { problem: Problem; summary?: boolean; again?: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (summary) box.current?.focus();
  }, [problem, summary]);
  const several = problem.errors.length > 1;
  const rows: [string, string][] = several ? [] : [["Got", problem.got], ["Expected", problem.expected]];
  rows.push(["What to do", problem.cure]);
  const shown = rows.filter(([, text]) => text);
  return (
    <div class="problem" role="alert" tabIndex={-1} ref={box}>
      <p class="problem-head">
        <Icon name="alert" /> {problem.subject}
      </p>
      {shown.length > 0 && (
        <dl>
          {shown.map(([name, text]) => (
            <>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </>
          ))}
        </dl>
      )}
      {summary && problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((one) => (
            <li key={one.field}>
              <a
                href={`#${one.field}`}
                onClick={(event) => {
                  event.preventDefault();
                  focusField(one.field);
                }}
              >
                {several ? one.field : `Go to ${one.field}`}
              </a>
              {several && one.expected ? `: expected ${one.expected}` : ""}
            </li>
          ))}
        </ul>
      )}
      {again && (
        <p class="row">
          <button type="button" class="button little" onClick={again}>
            Try again
          </button>
        </p>
      )}
    </div>
  );
}
