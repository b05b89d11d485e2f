import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { plural } from "../format";
import { LIVE } from "../jobs";
import { Palette } from "../parts";
import { useResource } from "../resource";
import { usePlace } from "../router";
import { turnTheme, useTheme } from "../theme";
import type { Job } from "../types";
import { Bell } from "./bell";
import { Icon } from "./icons";
import { Link } from "./link";
import { tracked } from "./sections";

const pages = [
  ["learn", "Learn"],
  ["systems", "Systems"],
  ["runs", "Runs"],
  ["models", "Models"],
] as const;

/** The entry of the bar that a page belongs to. */
const entryOf = (section = ""): string => (section === "projects" ? "systems" : tracked.includes(section) ? "runs" : section);

export function Header() {
  const { path } = usePlace();
  const [searching, setSearching] = useState(false);
  const early = useRef<string | null>(null);
  const shown = useTheme();
  const begun = useBegun(path[0]);
  const search = () => {
    early.current = "";
    setSearching(true);
  };
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      // The box is fetched when it is first opened; what is typed meanwhile waits for it here.
      if (early.current !== null && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        early.current += event.key;
        return;
      }
      const typing = (event.target as Element | null)?.matches?.("input:not([type=range]):not([type=radio]):not([type=checkbox]),textarea,select");
      if ((event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing && !event.ctrlKey)) {
        event.preventDefault();
        if (!document.querySelector("dialog[open]")) search();
      }
    };
    addEventListener("keydown", open);
    return () => removeEventListener("keydown", open);
  }, []);
  const typed = () => {
    const text = early.current ?? "";
    early.current = null;
    return text;
  };
  const key = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘ K" : "Ctrl K";
  return (
    <header class="head">
      <div class="head-in">
        <Link to={[]} class="brand" aria-label="Castalia, home">
          <Icon name="wave" size={20} /> Castalia
        </Link>
        <nav class="nav" aria-label="Main">
          {(begun ? [["today", "Today"] as const, ...pages] : pages).map(([name, label]) => (
            <Link key={name} to={[name]} {...(entryOf(path[0]) === name ? { "aria-current": "page" as const } : {})}>
              {label}
            </Link>
          ))}
        </nav>
        <div class="head-tools">
          <JobsLink />
          <button type="button" class="search-open" onClick={search} aria-keyshortcuts="Control+K Meta+K /">
            <Icon name="search" /> <span>Search</span> <kbd aria-hidden="true">{key}</kbd>
          </button>
          <Bell />
          <button type="button" class="icon-button" onClick={turnTheme} aria-label={shown === "dark" ? "Light theme" : "Dark theme"} title={shown === "dark" ? "Light theme" : "Dark theme"}>
            <Icon name={shown === "dark" ? "sun" : "moon"} />
          </button>
        </div>
      </div>
      {searching && <Palette typed={typed} close={() => setSearching(false)} />}
    </header>
  );
}

/** Whether somebody learns here; asked again on another page while nobody does. */
function useBegun(section = ""): boolean {
  const { value } = useResource<{ begun: boolean }>("today/begun", (signal) => get("today/begun", signal));
  const [later, setLater] = useState(false);
  useEffect(() => {
    if (value && !value.begun && !later) get<{ begun: boolean }>("today/begun").then((told) => setLater(told.begun), () => undefined);
  }, [section]);
  return later || Boolean(value?.begun) || section === "today";
}

/** What is running now, from anywhere; asked more often while something runs. */
function JobsLink() {
  const [every, setEvery] = useState(6000);
  const { value } = useResource<Job[]>(LIVE, (signal) => get<Job[]>(LIVE, signal), every);
  const now = Array.isArray(value) ? value : [];
  useEffect(() => setEvery(now.length ? 2500 : 6000), [now.length]);
  const one = now.length === 1 ? now[0] : undefined;
  if (!now.length) return null;
  return (
    <Link to={one ? ["jobs", one.id] : ["jobs"]} class="jobs-link">
      <span class="pulse" aria-hidden="true" /> {plural(now.length, "job")}
      <span class="hidden"> running</span>
    </Link>
  );
}
