// Files that several of the runs have under the same name.
import { get, part } from "../../api";
import { type Resource, useResource } from "../../resource";
import type { Artifact } from "../../types";
import type { Shown } from "./comparison";

/** Runs whose files are looked through. */
export const MOST_LOOKED = 24;

export interface SharedFile {
  name: string;
  runs: Shown[];
}

/** Files with one of these endings that two or more of the first shown runs have; those that most have come first. */
export function useShared(shown: Shown[], ending: RegExp): Resource<SharedFile[]> {
  const looked = shown.slice(0, MOST_LOOKED);
  const key = `files of ${looked.map((one) => one.id).join()} ${ending}`;
  const found = useResource<SharedFile[]>(key, async (signal) => {
    const lists = await Promise.all(looked.map((one) => get<Artifact[]>(`runs/${part(one.id)}/artifacts`, signal)));
    const having = new Map<string, string[]>();
    lists.forEach((files, i) => files.filter((file) => ending.test(file.name)).forEach((file) => having.set(file.name, [...(having.get(file.name) ?? []), looked[i]!.id])));
    return [...having]
      .filter(([, ids]) => ids.length > 1)
      .map(([name, ids]) => ({ name, runs: looked.filter((one) => ids.includes(one.id)) }))
      .sort((a, b) => b.runs.length - a.runs.length || a.name.localeCompare(b.name, "en", { numeric: true }));
  });
  // Names and inks are those of now, whatever they were when the files were listed.
  const now = found.value?.map((one) => ({ ...one, runs: looked.filter((run) => one.runs.some((old) => old.id === run.id)) }));
  return { ...found, value: now };
}
