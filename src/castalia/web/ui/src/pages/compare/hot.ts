// The run that is pointed at, in all charts at once: a sheet of two rules, so that nothing is drawn again.
let sheet: HTMLStyleElement | undefined;

export function highlight(run: string): void {
  if (!sheet) {
    sheet = document.createElement("style");
    document.head.append(sheet);
  }
  const name = CSS.escape(run);
  sheet.textContent = run ? `.compared svg [data-run]{opacity:.14}.compared svg [data-run="${name}"]{opacity:1}.legend li[data-run="${name}"]{background:var(--sunken)}` : "";
}
