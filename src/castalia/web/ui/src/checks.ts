// The list of what can be checked, for every page that marks it; empty on another machine, where it is not told.
import { get } from "./api";
import type { CheckLine } from "./learning";
import { useResource, type Resource } from "./resource";

export const useChecks = (): Resource<CheckLine[]> => useResource<CheckLine[]>("checks", (signal) => get("checks", signal));

/** The contract that a system's page is about: its own, else that of our system of the same name. */
export function checkOf(lines: CheckLine[] | undefined, address: string): CheckLine | undefined {
  const name = address.split("@")[0]!;
  return lines?.find((one) => one.address === name) ?? lines?.find((one) => one.address === name.split("~").pop());
}
