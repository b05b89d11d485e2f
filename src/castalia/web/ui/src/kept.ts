// Small things this browser remembers. A window that keeps nothing forgets them with the page.
const early = new Map<string, string>();

export function kept(name: string): string {
  try {
    return localStorage.getItem(`castalia.${name}`) ?? "";
  } catch {
    return early.get(name) ?? "";
  }
}

export function keep(name: string, value: string): void {
  early.set(name, value);
  try {
    localStorage.setItem(`castalia.${name}`, value);
  } catch {
    // kept above, for as long as the page is open
  }
}
