// Rows for a spreadsheet. A text that one would run as a formula is marked as text.
import { write } from "../../csv";

export const sheet = (rows: unknown[][]): string => write(rows.map((row) => row.map((cell) => (typeof cell === "string" && /^[=+@\t\r]|^-(?!Infinity$)/.test(cell) ? `'${cell}` : cell))));
