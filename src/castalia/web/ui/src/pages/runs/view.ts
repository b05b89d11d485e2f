// An address that was given a name, and is kept on the server.
import { part, send } from "../../api";
import { href } from "../../router";

export interface View {
  name: string;
  page: string;
  query: string;
  home: boolean;
  /** Milliseconds since 1970. */
  updated?: number;
}

export const viewsKey = "views";
export const viewAddress = (one: Pick<View, "page" | "query">): string => href(one.page) + (one.query ? `?${one.query}` : "");
export const putView = (name: string, { page, query, home }: Omit<View, "name">): Promise<View[]> => send("PUT", `views/${part(name)}`, { page, query, home });
export const dropView = (name: string): Promise<View[]> => send("DELETE", `views/${part(name)}`);
