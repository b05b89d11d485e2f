// Which door was taken on the first page: whoever learns finds what can be built there next time.
const key = "castalia.home";

export function chooseHome(door: "learn"): void {
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
