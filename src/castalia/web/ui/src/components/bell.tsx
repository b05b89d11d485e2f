import { useEffect, useRef, useState } from "preact/hooks";
import { lastRead, markRead, type Notice, useNotices } from "../notices";
import { usePlace } from "../router";
import { Icon, type IconName } from "./icons";
import { Link } from "./link";
import { When } from "./state";

const looks: Record<string, [IconName, string]> = {
  finished: ["check", "good"],
  failed: ["alert", "bad"],
  stalled: ["clock", "warn"],
  alert: ["alert", "warn"],
  cancelled: ["stop", ""],
  metric: ["up", "live"],
};

/** How many notices are new, and the newest of them in a box below. */
export function Bell() {
  const { notices, fresh } = useNotices();
  const { path } = usePlace();
  const [open, setOpen] = useState(false);
  const [from, setFrom] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => setOpen(false), [path.join("/")]);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      if (!(event instanceof KeyboardEvent) && box.current?.contains(event.target as Node)) return;
      setOpen(false);
      if (event instanceof KeyboardEvent) button.current?.focus();
    };
    addEventListener("keydown", away);
    addEventListener("pointerdown", away);
    addEventListener("focusin", away);
    return () => {
      removeEventListener("keydown", away);
      removeEventListener("pointerdown", away);
      removeEventListener("focusin", away);
    };
  }, [open]);
  const turn = () => {
    setFrom(lastRead());
    if (!open) markRead();
    setOpen(!open);
  };
  const count = fresh > 99 ? "99+" : String(fresh);
  return (
    <div class="bell" ref={box}>
      <button type="button" class="icon-button" ref={button} onClick={turn} aria-expanded={open} aria-label={fresh ? `Notices, ${count} new` : "Notices"} title="Notices">
        <Icon name="bell" />
        {fresh > 0 && (
          <span class="bell-count" aria-hidden="true">
            {count}
          </span>
        )}
      </button>
      <span class="hidden" role="status">
        {fresh > 0 && notices[0] ? `${count} new: ${notices[0].text}` : ""}
      </span>
      {open && (
        <div class="bell-box" role="group" aria-label="Newest notices" onClick={(event) => (event.target as Element).closest("a") && setOpen(false)}>
          {notices.length ? <NoticeList notices={notices.slice(0, 8)} from={from} /> : <p class="muted small">Nothing yet. A rule says what you want to be told.</p>}
          <Link to={["notices"]} class="bell-all">
            All notices and rules
          </Link>
        </div>
      )}
    </div>
  );
}

/** Notices, the newest first; those after the id `from` are marked as new. */
export function NoticeList({ notices, from }: { notices: Notice[]; from: number }) {
  return (
    <ul class="notices">
      {notices.map((one) => {
        const [icon, tone] = looks[one.kind] ?? ["dot", ""];
        return (
          <li key={one.id} class={one.id > from ? "new" : ""}>
            <span class={`state ${one.level === "error" ? "bad" : tone}`}>
              <Icon name={icon} />
              <span class="hidden">{one.kind}</span>
            </span>
            <span class="grow">
              {one.run_id ? <Link to={["runs", one.run_id]}>{one.text}</Link> : one.text}
              {one.id > from && <span class="hidden"> (new)</span>}
              {one.hook === "failed" && <span class="muted small"> The webhook was not told: {one.hook_said}.</span>}
            </span>
            <span class="faint small when">
              <When value={one.time} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}
