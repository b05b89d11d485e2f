// Rows for a spreadsheet.
export { sheet } from "../../csv";
