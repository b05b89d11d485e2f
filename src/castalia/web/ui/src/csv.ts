// Comma-separated text into rows for the eye, and one row into text for a template. The server reads the file itself.

/** The first `limit` rows; quotes, doubled quotes and newlines inside quotes are understood. */
export function parse(text: string, limit = 200, separator = ","): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length && rows.length < limit; i++) {
    const at = text[i];
    if (quoted) {
      if (at === '"' && text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else if (at === '"') quoted = false;
      else cell += at;
    } else if (at === '"') quoted = true;
    else if (at === separator) {
      row.push(cell);
      cell = "";
    } else if (at === "\n" || at === "\r") {
      if (at === "\r" && text[i + 1] === "\n") i += 1;
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else cell += at;
  }
  if ((cell || row.length) && rows.length < limit) rows.push([...row, cell]);
  return rows.filter((one) => one.length > 1 || one[0]);
}

export function write(rows: unknown[][]): string {
  const cell = (value: unknown): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

const number = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^-Infinity$/i;

/** Rows for a spreadsheet. A text that one would run as a formula gets an apostrophe before it; what is a number stays one. */
export const sheet = (rows: unknown[][]): string => write(rows.map((row) => row.map((cell) => (typeof cell === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(cell) && !number.test(cell) ? `'${cell}` : cell))));

/** Hand text or a blob to the person as a file. */
export function save(name: string, content: string | Blob, type = "text/csv"): void {
  const address = URL.createObjectURL(typeof content === "string" ? new Blob([content], { type }) : content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
