import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { pageChanges } from "../router";
import { Link } from "./link";

/** The head of every page: where it lies, its one h1 (which takes the focus after a change of page), a line about it. */
export function PageHead(props: { title: string; crumbs?: { label: string; to: string[] }[]; note?: ComponentChildren; children?: ComponentChildren }) {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${props.title} · Castalia`;
  }, [props.title]);
  // In the same task as the page is drawn, so that a heading named by the address can take the focus after it.
  useLayoutEffect(() => {
    if (pageChanges()) head.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div class="page-head">
      {props.crumbs && (
        <nav class="crumbs" aria-label="Breadcrumb">
          {props.crumbs.map((one, i) => (
            <>
              {i > 0 && <span aria-hidden="true"> / </span>}
              <Link to={one.to}>{one.label}</Link>
            </>
          ))}
        </nav>
      )}
      <h1 tabIndex={-1} ref={head}>
        {props.title}
      </h1>
      {props.note && <p>{props.note}</p>}
      {props.children}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="stack" aria-busy="true">
      <span class="hidden" role="status">
        Loading {what}
      </span>
      <div class="skeleton" />
      <div class="skeleton" />
    </div>
  );
}
