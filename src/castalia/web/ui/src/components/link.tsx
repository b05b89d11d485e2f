import type { ComponentChildren } from "preact";
import { href } from "../router";

/** A link to a page of ours: <Link to={["runs", id]}>. */
export function Link({ to, query, children, ...rest }: { to: string[]; query?: string; children: ComponentChildren; class?: string; "aria-current"?: "page"; "aria-label"?: string }) {
  return (
    <a href={href(...to) + (query ? `?${query}` : "")} {...rest}>
      {children}
    </a>
  );
}
