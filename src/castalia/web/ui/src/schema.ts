// A JSON schema read as a form: which control a field needs, what it starts with, which flag it is in the shell.
import { words } from "./format";
import type { Json, Schema, Values } from "./types";

export type Control =
  | "number"
  | "choice"
  | "suggest"
  | "switch"
  | "text"
  | "long"
  | "image"
  | "file"
  | "dataset"
  | "list"
  | "object"
  | "json";

export interface Field {
  name: string;
  label: string;
  help: string;
  required: boolean;
  nullable: boolean;
  control: Control;
  schema: Schema;
}

/** Follow $ref and unwrap `X | None`; says whether null is allowed. */
export function resolve(schema: Schema, top: Schema): { schema: Schema; nullable: boolean } {
  let now = schema;
  let nullable = false;
  for (let depth = 0; depth < 12; depth++) {
    const one = now.allOf?.length === 1 ? now.allOf[0] : undefined;
    if (now.$ref) {
      const found = top.$defs?.[now.$ref.split("/").pop() ?? ""];
      if (!found) break;
      const { $ref: _, ...beside } = now;
      now = { ...found, ...beside };
    } else if (one) {
      const { allOf: _, ...beside } = now;
      now = { ...one, ...beside };
    } else if (now.anyOf || now.oneOf) {
      const all = now.anyOf ?? now.oneOf ?? [];
      const rest = all.filter((part) => part.type !== "null");
      nullable ||= rest.length < all.length;
      if (rest.length !== 1) break;
      const { anyOf: _, oneOf: __, ...beside } = now;
      now = { ...rest[0], ...beside };
    } else if (Array.isArray(now.type)) {
      const rest = now.type.filter((name) => name !== "null");
      nullable ||= rest.length < now.type.length;
      now = { ...now, type: rest.length === 1 ? rest[0] : undefined };
      if (rest.length !== 1) break;
    } else break;
  }
  return { schema: now, nullable };
}

export function controlOf(schema: Schema): Control {
  const kind = schema["x-castalia"];
  if (kind === "image" || kind === "dataset") return kind;
  if (kind === "file" || kind === "video") return "file";
  if (schema.enum || schema.const !== undefined) return "choice";
  if (schema["x-choices"]?.length) return "suggest";
  if (schema.type === "boolean") return "switch";
  if (schema.type === "number" || schema.type === "integer") return "number";
  if (schema.type === "string") return (schema.maxLength ?? 0) > 300 && !schema.title?.match(/^[A-Za-z]+$/) ? "text" : textual(schema);
  if (schema.type === "array" && schema.items) return "list";
  if (schema.type === "object" && schema.properties) return "object";
  return "json";
}

function textual(schema: Schema): Control {
  const sample = String(schema.examples?.[0] ?? schema.default ?? "");
  return sample.length > 60 || sample.includes("\n") ? "long" : "text";
}

export function fieldsOf(schema: Schema, top: Schema = schema): Field[] {
  const { schema: object } = resolve(schema, top);
  const required = new Set(object.required ?? []);
  return Object.entries(object.properties ?? {}).map(([name, raw]) => fieldOf(name, raw, top, required.has(name)));
}

export function fieldOf(name: string, raw: Schema, top: Schema, required: boolean): Field {
  const found = resolve(raw, top);
  const { nullable } = found;
  // A flag kept as a number has two answers, not a range.
  const flag = found.schema.type === "integer" && found.schema.minimum === 0 && found.schema.maximum === 1;
  const schema = flag ? { ...found.schema, enum: [0, 1] } : found.schema;
  const label = titled(schema, name);
  const help = raw.description ?? schema.description ?? "";
  // Row.of describes a column it knows nothing about by its name alone: repeating that helps nobody.
  const plain = /^Column .+ \((number|integer|boolean|category|text|date)\)\.$/.test(help);
  return { name, label, help: plain ? "" : help, required, nullable, control: controlOf(schema), schema };
}

/** A title of the author's own; pydantic's ("Monthlycharges" for MonthlyCharges) says less than the name. */
export function titled(schema: Schema, name: string): string {
  const bare = (text: string): string => text.replace(/[\s_]/g, "").toLowerCase();
  return schema.title && bare(schema.title) !== bare(name) ? schema.title : words(name);
}

/** Lower and upper end for a slider: what was seen in training, else the bounds. */
export function rangeOf(schema: Schema): { low: number; high: number; step: number } | null {
  const whole = schema.type === "integer";
  const low = schema["x-minimum"] ?? schema.minimum ?? (schema.exclusiveMinimum !== undefined && whole ? schema.exclusiveMinimum + 1 : schema.exclusiveMinimum);
  const high = schema["x-maximum"] ?? schema.maximum ?? (schema.exclusiveMaximum !== undefined && whole ? schema.exclusiveMaximum - 1 : schema.exclusiveMaximum);
  if (low === undefined || high === undefined || !(high > low)) return null;
  // A seed's two thousand million values are no slider.
  if (whole && high - low > 100_000) return null;
  return { low, high, step: schema.multipleOf ?? (whole ? 1 : 10 ** Math.floor(Math.log10((high - low) / 150))) };
}

/** What a form starts with: the example, else the field's own example or default. */
export function startOf(schema: Schema, given: Values | null | undefined): Values {
  const values: Values = {};
  for (const field of fieldsOf(schema)) {
    const own = given?.[field.name];
    const start = own !== undefined ? own : (field.schema.default ?? (field.required ? firstOf(field, schema) : undefined));
    if (start !== undefined && start !== null) values[field.name] = start;
  }
  return values;
}

export function firstOf(field: Field, top: Schema): Json | undefined {
  const { schema, control } = field;
  if (control === "image" || control === "file") return undefined;
  if (schema.examples?.length) return schema.examples[0];
  if (control === "choice") return schema.enum?.[0] ?? schema.const;
  if (control === "switch") return false;
  if (control === "list") return [];
  if (control === "object") return blank(schema, top);
  if (control === "number") return rangeOf(schema)?.low;
  return undefined;
}

export function blank(schema: Schema, top: Schema): Values {
  const values: Values = {};
  for (const field of fieldsOf(schema, top)) {
    const start = field.schema.default ?? (field.required ? firstOf(field, top) : undefined);
    if (start !== undefined && start !== null) values[field.name] = start;
  }
  return values;
}

/** Only what differs from the defaults: what a short command needs. */
export function changed(schema: Schema, values: Values): Values {
  const kept: Values = {};
  for (const field of fieldsOf(schema)) {
    const value = values[field.name];
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(field.schema.default ?? null)) kept[field.name] = value;
  }
  return kept;
}
