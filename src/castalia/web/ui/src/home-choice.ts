// Which door was taken on the first page: whoever learns finds there what can be built, and with a plan the day.
const key = "castalia.home";

export function chooseHome(door: "learn" | "today"): void {
  try {
    localStorage.setItem(key, door);
  } catch {
    // a window that keeps nothing shows both doors again
  }
}

/** No plan is left: both doors again. */
export function leaveToday(): void {
  try {
    if (localStorage.getItem(key) === "today") localStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}

export function homeChosen(): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
