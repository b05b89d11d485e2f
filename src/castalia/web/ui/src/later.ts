// A sheet of rules that only one page needs; it comes with the script of that page, before it is drawn.
export function wear(sheet: string): void {
  const style = document.createElement("style");
  style.textContent = sheet;
  document.head.append(style);
}
