import { useState } from "preact/hooks";
import { type Problem, get, part, send } from "../../api";
import { type Anchor, Menu, type MenuItems, below } from "../../components/menu";
import { useResource } from "../../resource";
import { go, href } from "../../router";
import { NameDialog } from "./lazily";

export interface View {
  name: string;
  page: string;
  query: string;
  home: boolean;
}

/** Saved addresses of this page, one of which may be where the workbench opens. */
export function Views({ query, said }: { query: string; said: (text: string) => void }) {
  const { value, again } = useResource<View[]>("views", (signal) => get("views", signal));
  const [menu, setMenu] = useState<Anchor>();
  const [naming, setNaming] = useState<{ old?: View }>();
  const views = (value ?? []).filter((one) => one.page === "runs");
  const now = views.find((one) => one.query === query);
  const home = views.find((one) => one.home);
  const put = async (name: string, { page, query, home }: Omit<View, "name">): Promise<void> => {
    await send("PUT", `views/${part(name)}`, { page, query, home });
    again();
  };
  const drop = async (name: string): Promise<void> => {
    await send("DELETE", `views/${part(name)}`);
    again();
  };
  const tell = (done: Promise<void>, text: string): void => void done.then(() => said(text), (error: Problem) => said(error.subject));
  const items: MenuItems = [
    ...views.map((one) => ({ label: one.name + (one.home ? " (home)" : ""), checked: one === now, act: () => go(href("runs") + (one.query ? `?${one.query}` : "")) })),
    ...(views.length ? [null] : []),
    { label: "Save as…", act: () => setNaming({}) },
    ...views.filter((one) => one !== now).slice(0, 8).map((one) => ({ label: `Save in the place of ${one.name}`, act: () => tell(put(one.name, { page: "runs", query, home: one.home }), `${one.name} now shows this`) })),
    ...(now
      ? [
          { label: `Rename ${now.name}…`, act: () => setNaming({ old: now }) },
          { label: `Delete ${now.name}`, danger: true, act: () => tell(drop(now.name), `${now.name} is deleted; what it showed is still here`) },
          null,
          { label: "Open the workbench here", checked: now.home, act: () => tell(put(now.name, { ...now, home: !now.home }), now.home ? "The workbench opens on its own page again" : "The workbench opens here from now on") },
        ]
      : home
        ? [null, { label: `Open the workbench elsewhere than ${home.name}`, act: () => tell(put(home.name, { ...home, home: false }), "The workbench opens on its own page again") }]
        : []),
  ];
  return (
    <>
      <button type="button" class="button" aria-haspopup="menu" aria-expanded={menu !== undefined} onClick={(event) => setMenu(below(event.currentTarget))}>
        {now ? now.name : "Views"}
      </button>
      {menu && <Menu label="Views" items={items} at={menu} close={() => setMenu(undefined)} />}
      {naming && (
        <NameDialog
          old={naming.old?.name}
          taken={views.map((one) => one.name)}
          close={() => setNaming(undefined)}
          keep={async (name) => {
            const old = naming.old;
            await put(name, old ?? { page: "runs", query, home: false });
            if (old && old.name !== name) await drop(old.name);
            said(old ? `${old.name} is called ${name} now` : `Saved as ${name}`);
          }}
        />
      )}
    </>
  );
}
