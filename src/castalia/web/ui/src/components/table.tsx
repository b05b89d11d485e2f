import { number } from "../format";

/** Rows as they are: numbers to the right, nothing as a dash. The box scrolls and can be reached by keyboard. */
export function DataTable({ columns, rows, caption, tall = true, limit = 500 }: { columns: string[]; rows: unknown[][]; caption: string; tall?: boolean; limit?: number }) {
  const right = columns.map((_, i) => rows.length > 0 && rows.slice(0, 50).every((row) => typeof row[i] === "number" || row[i] === null || row[i] === undefined || (typeof row[i] === "string" && row[i] !== "" && !Number.isNaN(Number(row[i])))));
  const shown = rows.slice(0, limit);
  return (
    <div class={tall ? "scroll tall" : "scroll"} tabIndex={0} role="region" aria-label={`${caption}, table`}>
      <table class={columns.length > 7 ? "many" : ""}>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th key={i} scope="col" class={right[i] ? "right" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, at) => (
            <tr key={at}>
              {columns.map((_, i) => (
                <td key={i} class={right[i] ? "right" : ""} title={columns.length > 7 ? cell(row[i]) : undefined}>
                  {cell(row[i])}
                </td>
              ))}
            </tr>
          ))}
          {rows.length > limit && (
            <tr>
              <td colSpan={columns.length} class="faint">
                The first {limit.toLocaleString("en")} of {rows.length.toLocaleString("en")} rows
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number") return number(value);
  // Numbers of a CSV come as text with all their digits.
  if (typeof value === "string" && /^-?\d+\.\d{5,}$/.test(value)) return number(Number(value));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
