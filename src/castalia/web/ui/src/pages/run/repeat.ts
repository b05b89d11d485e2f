// The command that does the same again: of a fit its flags, of a script what was typed.
import type { RunDetail } from "../../types";

const quote = (text: string): string => (/^[A-Za-z0-9_./:=@+-]+$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`);

function flag(name: string, value: unknown): string {
  const dashed = name.replace(/_/g, "-");
  if (value === true || value === "True" || value === "true") return `--${dashed}`;
  if (value === false || value === "False" || value === "false") return `--no-${dashed}`;
  return `--${dashed} ${quote(typeof value === "object" ? JSON.stringify(value) : String(value))}`;
}

export function repeatOf(run: RunDetail): { text: string; note: string } | null {
  if (run.system) {
    const model = run.tags?.["castalia.model"];
    const flags = Object.entries(run.params ?? {}).filter(([, value]) => value !== null && value !== "None" && value !== "null");
    const quick = run.tags?.["castalia.quick"] === "true";
    const parts = [`castalia fit ${run.system}`, ...(quick ? ["--quick"] : []), ...flags.map(([name, value]) => flag(name, value)), ...(typeof model === "string" && model !== run.system ? [`--as ${quote(model)}`] : [])];
    return { text: parts.join(" ").length <= 60 ? parts.join(" ") : parts.join(" \\\n  "), note: "" };
  }
  const command = run.tags?.["castalia.command"];
  if (typeof command !== "string" || !command) return null;
  const commit = run.tags?.["castalia.git.commit"] ?? run.tags?.["mlflow.source.git.commit"];
  const dirty = run.tags?.["castalia.git.dirty"] === "true";
  const lines = typeof commit === "string" && /^[0-9a-f]{7,64}$/.test(commit) ? [`git checkout ${commit.slice(0, 12)}`, command] : [command];
  return { text: lines.join("\n"), note: dirty ? "There were changes that were not committed: apply castalia/diff.patch, under Code." : "" };
}
