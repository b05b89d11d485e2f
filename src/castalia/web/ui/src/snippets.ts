// "The same in shell, Python, curl": kept in step with the form. Media are written as a file's name, never as a megabyte of text.
import { url } from "./api";
import { resolve } from "./schema";
import { quote } from "./shell";
import type { Json, Schema, Values } from "./types";

export interface Snippets extends Record<string, string> {
  shell: string;
  python: string;
  curl: string;
}

const flag = (name: string): string => `--${/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name.replace(/_/g, "-") : quote(name)}`;
const media = (value: Json): boolean => typeof value === "string" && value.startsWith("data:");
const suffix = (value: string): string => /^data:[a-z]+\/([a-z0-9]+)/i.exec(value)?.[1]?.replace("jpeg", "jpg") ?? "bin";

function literal(value: Json | undefined): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`).join(", ")}}`;
  return JSON.stringify(value);
}

const wrap = (start: string, parts: string[], joint: string): string => {
  const line = [start, ...parts].join(" ");
  return line.length <= 76 ? line : [start, ...parts].join(joint);
};

function flags(values: Values, schema: Schema | null): string[] {
  const given: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined) continue;
    const known = schema?.properties?.[name];
    if (media(value)) given.push(`${flag(name)} ${name}.${suffix(value as string)}`);
    else if (typeof value === "boolean" && known && resolve(known, schema).schema.type === "boolean") given.push(value ? flag(name) : flag(name).replace("--", "--no-"));
    else given.push(`${flag(name)} ${quote(typeof value === "object" ? JSON.stringify(value) : String(value))}`);
  }
  return given;
}

/** Keyword arguments, or one mapping where a column's name is no Python name. */
function keywords(values: Values): string[] {
  const entries = Object.entries(values).filter(([, value]) => value !== null && value !== undefined);
  const write = (name: string, value: Json): string => (media(value) ? `Image.open(${JSON.stringify(`${name}.${suffix(value as string)}`)})` : literal(value));
  if (entries.every(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))) return entries.map(([name, value]) => `${name}=${write(name, value)}`);
  return [`**{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${write(name, value)}`).join(", ")}}`];
}

function curl(path: string, body: Values): string {
  const short: Values = {};
  for (const [name, value] of Object.entries(body)) if (value !== null && value !== undefined) short[name] = media(value) ? `${(value as string).slice(0, 22)}…` : value;
  const json = JSON.stringify(short, null, Object.keys(short).length > 3 ? 2 : 0);
  return `curl ${location.origin}${url(path)} \\\n  -H 'content-type: application/json' \\\n  -d ${quote(json)}`;
}

export function callSnippets(address: string, path: string, verb: string, values: Values, schema: Schema): Snippets {
  const shown = address.replace("~", "/");
  const call = verb ? `system.${verb}` : "system";
  const given = keywords(values);
  const inside = given.join(", ").length <= 60 ? `system.input(${given.join(", ")})` : `system.input(\n    ${given.join(",\n    ")},\n)`;
  const images = Object.values(values).some(media) ? "from castalia.core import Image\n" : "";
  return {
    shell: wrap(`castalia call ${quote(verb ? `${shown}:${verb}` : shown)}`, flags(values, schema), " \\\n  "),
    python: `import castalia\n${images}\nsystem = castalia.load(${JSON.stringify(shown)})\nanswer = ${call}(${verb ? given.join(", ") : inside})\nprint(answer)`,
    curl: curl(path, values),
  };
}

export function fitSnippets(address: string, params: Values, quick: boolean, name: string, schema: Schema | null): Snippets {
  const shown = address.replace("~", "/");
  const parts = [...(quick ? ["--quick"] : []), ...flags(params, schema), ...(name ? [`--as ${quote(name)}`] : [])];
  const given = [JSON.stringify(shown), ...keywords(params), ...(quick ? ["quick=True"] : []), ...(name ? [`as_=${JSON.stringify(name)}`] : [])];
  return {
    shell: wrap(`castalia fit ${quote(shown)}`, parts, " \\\n  "),
    python: `import castalia\n\nfitted = castalia.fit(${given.join(", ")})\nprint(fitted)`,
    curl: curl(`systems/${address}/fit`, { params, quick, as: name || null }),
  };
}
