import { useState } from "preact/hooks";
import { Problem, get } from "../../api";
import { type Anchor, Menu, type MenuItems, below } from "../../components/menu";
import { tell } from "../../components/toast";
import { useResource } from "../../resource";
import { go, href } from "../../router";
import { NameDialog } from "./lazily";
import { type View, dropView, putView, viewAddress, viewsKey } from "./view";

const words = {
  runs: { label: "Views", name: "Save this view", help: "Filter, order and columns are kept; which runs they find is looked up each time." },
  compare: { label: "Saved", name: "Save this comparison", help: "The runs and what is chosen here are kept." },
};

/** Saved addresses of a page, one of which may be where the workbench opens. */
export function Views({ page, query }: { page: keyof typeof words; query: string }) {
  const { value, again } = useResource<View[]>(viewsKey, (signal) => get("views", signal));
  const [menu, setMenu] = useState<Anchor>();
  const [naming, setNaming] = useState<{ old?: View }>();
  const views = (value ?? []).filter((one) => one.page === page);
  const now = views.find((one) => one.query === query);
  const home = value?.find((one) => one.home);
  const { label, name, help } = words[page];
  /** Do it, say so, and know the way back. */
  const step = async (work: () => Promise<unknown>, said: string, undo: () => Promise<unknown>): Promise<void> => {
    await work();
    again();
    tell({ said, undo: () => undo().finally(again) });
  };
  const tried = (done: Promise<void>): void => void done.catch((error: unknown) => tell({ said: error instanceof Problem ? [error.subject, error.cure].filter(Boolean).join(". ") : String(error), wrong: true }));
  const opens = (one: View): void => {
    const before = home;
    tried(
      step(
        () => putView(one.name, { ...one, home: !one.home }),
        one.home ? "The workbench opens on its own page again" : "The workbench opens here from now on",
        // Setting one home lets go of the other: the way back goes through what was home before.
        () => (before ? putView(before.name, { ...before, home: true }) : putView(one.name, { ...one, home: false })),
      ),
    );
  };
  const items: MenuItems = [
    ...views.map((one) => ({ label: one.name + (one.home ? " (home)" : ""), checked: one === now, act: () => go(viewAddress(one)) })),
    ...(views.length ? [null] : []),
    { label: "Save as…", act: () => setNaming({}) },
    ...views.filter((one) => one !== now).slice(0, 8).map((one) => ({ label: `Save in the place of ${one.name}`, act: () => tried(step(() => putView(one.name, { page, query, home: one.home }), `${one.name} now shows this`, () => putView(one.name, one))) })),
    ...(now
      ? [
          { label: `Rename ${now.name}…`, act: () => setNaming({ old: now }) },
          { label: `Delete ${now.name}`, danger: true, act: () => tried(step(() => dropView(now.name), `${now.name} is deleted; what it showed is still here`, () => putView(now.name, now))) },
          null,
          { label: "Open the workbench here", checked: now.home, act: () => opens(now) },
        ]
      : home
        ? [null, { label: `Open the workbench elsewhere than ${home.name}`, act: () => opens(home) }]
        : []),
    ...(page === "runs" && value?.some((one) => one.page === "compare") ? [null, { label: "Saved comparisons…", act: () => go(href("compare")) }] : []),
  ];
  return (
    <>
      <button type="button" class={`button view-name${page === "compare" ? " little" : ""}`} aria-haspopup="menu" aria-expanded={menu !== undefined} onClick={(event) => setMenu(below(event.currentTarget))}>
        <bdi>{now ? now.name : label}</bdi>
      </button>
      {menu && <Menu label={label} items={items} at={menu} close={() => setMenu(undefined)} />}
      {naming && (
        <NameDialog
          title={naming.old ? `Rename ${naming.old.name}` : name}
          help={help}
          old={naming.old?.name}
          taken={(value ?? []).map((one) => one.name)}
          close={() => setNaming(undefined)}
          keep={async (to) => {
            const old = naming.old;
            if (old?.name === to) return;
            await step(
              async () => {
                await putView(to, old ?? { page, query, home: false });
                if (old) await dropView(old.name);
              },
              old ? `${old.name} is called ${to} now` : `Saved as ${to}`,
              async () => {
                if (old) await putView(old.name, old);
                await dropView(to);
              },
            );
          }}
        />
      )}
    </>
  );
}
