// Which door was taken on the first page: whoever learns finds there what can be built, and with a plan the day.
const key = "castalia.home";

export function chooseHome(door: "learn" | "today"): void {
  try {
    localStorage.setItem(key, door);
  } catch {
    // a window that keeps nothing shows both doors again
  }
}

export function homeChosen(): string {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
