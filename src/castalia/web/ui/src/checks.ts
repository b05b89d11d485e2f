// The list of what can be checked, for every page that marks it; empty on another machine, where it is not told.
import { get } from "./api";
import type { CheckLine } from "./learning";
import { useResource, type Resource } from "./resource";

export const useChecks = (): Resource<CheckLine[]> => useResource<CheckLine[]>("checks", (signal) => get("checks", signal));

/** Where a system itself lies, whichever of its versions or models a page is about: churn, yours~churn. */
export const bare = (system: { address: string }): string => system.address.replace("/", "~");

/** The contract that a system's page is about: its own, else that of our project of the same name. */
export function checkOf(lines: CheckLine[] | undefined, system: { address: string }): CheckLine | undefined {
  const name = bare(system);
  return lines?.find((one) => one.address === name) ?? lines?.find((one) => one.address === name.split("~").pop());
}
