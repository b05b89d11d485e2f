import { useEffect, useMemo, useRef } from "preact/hooks";
import { get, part } from "../api";
import type { SourceFile } from "../components/cover";
import { Link } from "../components/link";
import { Loading } from "../components/page";
import { ProblemBox } from "../components/problem";
import { type Book, Markdown, headings, slug, useHeading } from "../markdown";
import { useResource } from "../resource";
import { href, usePlace } from "../router";
import { token, useTheme } from "../theme";
import type { TabProps } from "./system";

interface Lesson {
  pages: SourceFile[];
  figures: SourceFile[];
}

const titleOf = (page: SourceFile): string => /^\s*#\s+(.*)/.exec(page.text)?.[1] ?? page.file;
const bodyOf = (page: SourceFile): string => page.text.replace(/^\s*#\s+.*\n/, "");
/** "4-pictures" for lesson/4-pictures.md; "" for the first page. */
const nameOf = (page: SourceFile): string => (page.file === "README.md" ? "" : page.file.replace(/^.*\//, "").replace(/\.md$/, ""));

/** The lesson: one page, or several with chapters to turn to; what is on the page stands beside it. */
export function LessonTab({ address }: TabProps) {
  const { query } = usePlace();
  const path = `systems/${part(address)}/lesson`;
  const { value, problem } = useResource<Lesson>(path, (signal) => get(path, signal));
  const theme = useTheme();
  const top = useRef<HTMLElement>(null);
  const wanted = query.get("page") ?? "";
  const pages = value?.pages ?? [];
  const at = Math.max(0, pages.findIndex((one) => nameOf(one) === wanted));
  const turned = useRef(wanted);
  useEffect(() => {
    if (turned.current === wanted) return;
    turned.current = wanted;
    top.current?.scrollIntoView({ block: "start" });
    top.current?.focus({ preventScroll: true });
  }, [wanted, at]);
  const book = useMemo(() => bookOf(address, value), [address, value, theme]);
  useHeading(pages[at]);
  const page = pages[at];
  if (!page) return problem ? <ProblemBox problem={problem} /> : <Loading what="the lesson" />;
  const inside = headings(bodyOf(page), 2);
  const many = pages.length > 1;
  return (
    <div class="reading">
      {(many || inside.length > 3) && (
        <nav class="contents" aria-label="Contents of the lesson">
          {many ? (
            <ol start={0}>
              {pages.map((one, i) => (
                <li key={one.file}>
                  <Link to={["systems", address]} query={queryOf(one)} {...(i === at ? { "aria-current": "page" as const } : {})}>
                    {i ? titleOf(one) : "Overview"}
                  </Link>
                  {i === at && <Inside names={inside} />}
                </li>
              ))}
            </ol>
          ) : (
            <Inside names={inside} />
          )}
        </nav>
      )}
      <article ref={top} tabIndex={-1}>
        {at > 0 && <h2 class="chapter">{`${at}. ${titleOf(page)}`}</h2>}
        <Markdown key={page.file} text={bodyOf(page)} top={at ? 3 : 2} book={book} />
        {many && (
          <nav class="turn" aria-label="Turn the page">
            {[pages[at - 1], pages[at + 1]].map(
              (one, i) =>
                one && (
                  <Link key={one.file} to={["systems", address]} query={queryOf(one)} class={i ? "onward" : ""}>
                    <span class="faint small">{i ? "Next" : "Before"}</span>
                    {nameOf(one) ? titleOf(one) : "Overview"}
                  </Link>
                ),
            )}
          </nav>
        )}
      </article>
    </div>
  );
}

const queryOf = (page: SourceFile): string => `tab=lesson${nameOf(page) ? `&page=${part(nameOf(page))}` : ""}`;

function Inside({ names }: { names: string[] }) {
  const show = (event: Event, name: string): void => {
    const heading = document.getElementById(slug(name));
    if (!heading) return;
    event.preventDefault();
    event.stopPropagation();
    heading.scrollIntoView({ block: "start" });
    heading.focus({ preventScroll: true });
  };
  return (
    <ul>
      {names.map((name) => (
        <li key={name}>
          <a href={`${location.pathname}${location.search}#${slug(name)}`} onClick={(event) => show(event, name)}>
            {name.replace(/[`*]/g, "")}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** Links to other chapters turn the page. A figure is drawn as a picture, in the page's colours: no script in it runs. */
function bookOf(address: string, lesson: Lesson | undefined): Book {
  const find = (files: SourceFile[] | undefined, to: string) => files?.find((one) => one.file.replace(/^.*\//, "") === to.replace(/^.*\//, "").replace(/#.*$/, ""));
  return {
    href: (to) => {
      const page = /\.md(#.*)?$/.test(to) && !/^https?:/.test(to) ? find(lesson?.pages, to) : undefined;
      return page && `${href("systems", address)}?${queryOf(page)}`;
    },
    picture: (to) => {
      const drawing = find(lesson?.figures, to)?.text.replace(/var\((--[\w-]+),\s*(#\w+)\)/g, (_, name: string, otherwise: string) => token(name) || otherwise);
      return drawing && `data:image/svg+xml,${encodeURIComponent(drawing)}`;
    },
  };
}
