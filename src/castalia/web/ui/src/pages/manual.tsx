// The manual: the pages of docs/ that come with the package, one at a time, with what else there is beside it.
import { useMemo, useState } from "preact/hooks";
import { get, part } from "../api";
import { Link } from "../components/link";
import { Loading, PageHead } from "../components/page";
import { ProblemBox } from "../components/problem";
import { type Book, Markdown, headings, slug, useHeading } from "../markdown";
import { useResource } from "../resource";
import { href } from "../router";
import type { Reading } from "./manual-address";
import { MissingPage } from "./missing";

interface Page {
  name: string;
  title: string;
  text: string;
}

const book = (names: string[]): Book => ({
  href: (to) => {
    const [, name, section] = /^([\w-]+)\.md(?:#(.*))?$/.exec(to) ?? [];
    return name && names.includes(name) ? href("manual", name) + (section ? `?at=${part(section)}` : "") : undefined;
  },
  picture: () => undefined,
});

export function ManualPage({ name = "why" }: { name?: string | undefined }) {
  const all = useResource<Reading[]>("manual", (signal) => get("manual", signal)).value;
  const path = `manual/${part(name)}`;
  const { value, problem, again } = useResource<Page>(path, (signal) => get(path, signal));
  const pages = all?.filter((one) => one.kind === "docs") ?? [];
  const known = useMemo(() => book(pages.map((one) => one.name)), [all]);
  useHeading(value);
  // On a narrow page the list would stand before the text.
  const [open] = useState(() => innerWidth > 880);
  if (problem?.status === 404) return <MissingPage what={`The manual has no page ${name}`} />;
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the page" />;
  return (
    <>
      <PageHead key={name} title={value.title} note="A page of the manual, as it comes with the package." />
      <div class="reading">
        <nav class="contents" aria-label="Pages of the manual">
          <details open={open}>
            <summary>All pages</summary>
            <ul>
              {pages.map((one) => (
                <li key={one.name}>
                  <Link to={["manual", one.name]} {...(one.name === name ? { "aria-current": "page" as const } : {})}>
                    {one.title}
                  </Link>
                  {one.name === name && (
                    <ul>
                      {headings(value.text, 2).map((heading) => (
                        <li key={heading}>
                          <Link to={["manual", name]} query={`at=${part(slug(heading))}`}>
                            {heading.replace(/[`*]/g, "")}
                          </Link>
                        </li>
                      ))}
                    </ul>
                  )}
                </li>
              ))}
            </ul>
          </details>
        </nav>
        <article tabIndex={-1}>
          <Markdown key={name} text={value.text} top={2} book={known} />
        </article>
      </div>
    </>
  );
}
