import { number, percent, signed } from "../format";
import { LazyFigure } from "../parts";
import { resolve, titled } from "../schema";
import type { Figure, Json, Schema, Values } from "../types";
import { ShareBars, SignedBars } from "./bars";
import { Picture } from "./picture";
import { DataTable } from "./table";

interface PartProps {
  name: string;
  schema: Schema;
  top: Schema;
  value: Json;
  before: Json | undefined;
  beside: Values;
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const isObject = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);
const isShare = (schema: Schema): boolean => schema.type === "number" && schema.minimum === 0 && schema.maximum === 1;
const isMedia = (value: unknown, kind: string): value is string => typeof value === "string" && value.startsWith(`data:${kind}/`);

function areShares(values: number[]): boolean {
  const sum = values.reduce((total, one) => total + one, 0);
  return values.length > 1 && values.every((one) => one >= 0 && one <= 1) && Math.abs(sum - 1) < 0.02;
}

/** An answer drawn from its schema: the first short value large, then every other part in the form that suits it. */
export function AnswerView({ schema, value, before }: { schema: Schema; value: Json; before?: Json | undefined }) {
  if (!isObject(value)) return <p class="headline"><span class="value text">{String(value)}</span></p>;
  const { schema: object } = resolve(schema, schema);
  const names = [...Object.keys(object.properties ?? {}).filter((name) => name in value), ...Object.keys(value).filter((name) => !object.properties?.[name])];
  const scalar = (name: string): boolean => !isObject(value[name]) && !Array.isArray(value[name]) && value[name] !== null && String(value[name]).length <= 60;
  const first = names.find(scalar);
  const facts = names.filter((name) => name !== first && scalar(name) && !isMedia(value[name], "image"));
  const rest = names.filter((name) => name !== first && !facts.includes(name));
  const partOf = (name: string): PartProps => ({
    name,
    schema: resolve(object.properties?.[name] ?? {}, schema).schema,
    top: schema,
    value: value[name]!,
    before: isObject(before) ? before[name] : undefined,
    beside: value,
  });
  return (
    <>
      {first && <Headline {...partOf(first)} />}
      {facts.length > 0 && (
        <dl class="facts">
          {facts.map((name) => (
            <Fact key={name} {...partOf(name)} />
          ))}
        </dl>
      )}
      {rest.map((name) => (
        <Part key={name} {...partOf(name)} />
      ))}
    </>
  );
}

function write(value: Json, schema: Schema): string {
  if (isNumber(value)) return isShare(schema) ? percent(value) : number(value);
  if (typeof value === "boolean") return value ? "Yes" : "No";
  return value === null ? "–" : String(value);
}

/** The change against the baseline: shares in points, other numbers as they are, words as what they were. */
function Delta({ value, before, schema }: { value: Json; before: Json | undefined; schema: Schema }) {
  if (before === undefined || before === value) return null;
  if (isNumber(value) && isNumber(before)) {
    const change = value - before;
    if (Math.abs(change) < 1e-9) return null;
    const text = isShare(schema) ? `${signed(change, (size) => (size * 100).toFixed(1))} points` : signed(change);
    return <span class="delta">{text} against {write(before, schema)}</span>;
  }
  return <span class="delta">was {write(before, schema)}</span>;
}

function Headline({ name, schema, value, before }: PartProps) {
  const short = String(write(value, schema)).length <= 14;
  return (
    <div class="stack tight">
      <span class="label">{titled(schema, name)}</span>
      <p class="headline">
        <span class={short ? "value" : "value text"}>{write(value, schema)}</span>
        <Delta value={value} before={before} schema={schema} />
      </p>
      {isNumber(value) && isShare(schema) && (
        <span class="meter" aria-hidden="true">
          <i style={{ width: `${value * 100}%` }} />
          {isNumber(before) && <u style={{ left: `calc(${before * 100}% - 1px)` }} />}
        </span>
      )}
      {schema.description && <span class="help">{schema.description}</span>}
    </div>
  );
}

/** A short value beside others: name, value, change, and what it means. */
function Fact({ name, schema, value, before }: PartProps) {
  return (
    <>
      <dt>{titled(schema, name)}</dt>
      <dd>
        <b>{write(value, schema)}</b> <Delta value={value} before={before} schema={schema} />
        {schema.description && <span class="help"> {schema.description}</span>}
      </dd>
    </>
  );
}

function Part(props: PartProps) {
  const label = titled(props.schema, props.name);
  return (
    <div class="part">
      <span class="label">{label}</span>
      <Content {...props} label={label} />
    </div>
  );
}

function Content(props: PartProps & { label: string }) {
  const { schema, value, before, top, label } = props;
  const kind = schema["x-castalia"];
  if (value === null || (Array.isArray(value) && !value.length)) return <p class="muted">Nothing</p>;
  if (kind === "image" || isMedia(value, "image")) return <Picture src={String(value)} alt={label} />;
  if (kind === "video" || isMedia(value, "video")) return <video class="preview" src={String(value)} controls />;
  if (kind === "figure" && isObject(value)) return <LazyFigure figure={value as unknown as Figure} />;
  if (kind === "table" && isObject(value) && isObject(value.columns)) return <ColumnTable columns={value.columns} label={label} />;
  if (kind === "messages" && isObject(value)) return <Turns items={value.items} />;
  if (kind === "series" && isObject(value)) return <LazyFigure figure={seriesFigure(value, label)} />;
  if (Array.isArray(value)) return <ListPart {...props} value={value} />;
  if (isObject(value)) {
    const entries = Object.entries(value);
    if (entries.every(([, one]) => isNumber(one))) return <Numbers {...props} names={entries.map(([name]) => name)} values={entries.map(([, one]) => one as number)} sort />;
    return (
      <div class="group">
        <AnswerView schema={{ ...schema, ...(top.$defs ? { $defs: top.$defs } : {}) }} value={value} before={before} />
      </div>
    );
  }
  return (
    <p class="row">
      <span style={{ whiteSpace: "pre-wrap" }}>{write(value, schema)}</span>
      <Delta value={value} before={before} schema={schema} />
    </p>
  );
}

function ListPart(props: PartProps & { label: string; value: Json[] }) {
  const { value, label } = props;
  if (value.every(isNumber)) return value.length <= 40 ? <Numbers {...props} names={value.map((_, i) => String(i))} values={value as number[]} /> : <LazyFigure figure={seriesFigure({ values: value }, label)} />;
  if (value.every(isObject)) {
    const columns = [...new Set(value.flatMap((one) => Object.keys(one)))];
    const numbers = columns.filter((name) => value.every((one) => isNumber(one[name])));
    const texts = columns.filter((name) => value.every((one) => typeof one[name] === "string" || one[name] === null || (!numbers.includes(name) && typeof one[name] !== "object")));
    if (numbers.length === 1 && texts.length >= 1 && texts.length + 1 === columns.length && value.length <= 40) {
      const amount = numbers[0]!;
      const bars = value.map((one) => ({ name: String(one[texts[0]!] ?? ""), note: note(texts.slice(1).map((name) => String(one[name] ?? "–"))), value: one[amount] as number }));
      return areShares(bars.map((one) => one.value)) ? <ShareBars label={label} bars={topped(bars)} /> : <SignedBars label={`${label}, ${amount}`} bars={bars} />;
    }
    return <DataTable caption={label} columns={columns} rows={value.map((one) => columns.map((name) => one[name]))} />;
  }
  if (value.every((one) => isMedia(one, "image")))
    return (
      <div class="row">
        {value.map((one, i) => (
          <Picture key={i} src={String(one)} alt={`${label} ${i + 1}`} />
        ))}
      </div>
    );
  return (
    <ul>
      {value.map((one, i) => (
        <li key={i}>{typeof one === "object" ? JSON.stringify(one) : String(one)}</li>
      ))}
    </ul>
  );
}

/** Where one text is a sentence it says what the shorter ones say. */
function note(texts: string[]): string {
  return texts.find((text) => text.split(" ").length >= 4) ?? texts.join(" · ");
}

function topped<B extends { value: number }>(bars: B[]): (B & { top: boolean })[] {
  const most = Math.max(...bars.map((one) => one.value));
  return bars.map((one) => ({ ...one, top: one.value === most }));
}

function Numbers({ names, values, label, sort }: { names: string[]; values: number[]; label: string; sort?: boolean }) {
  let bars = names.map((name, i) => ({ name, value: values[i]! }));
  if (areShares(values)) {
    // Digits stay in their order; classes with names are read from the most likely down.
    if (sort && !names.every((name) => /^\d+$/.test(name))) bars = [...bars].sort((a, b) => b.value - a.value);
    return <ShareBars label={label} bars={topped(bars).slice(0, 20)} />;
  }
  return <SignedBars label={label} bars={bars.slice(0, 40)} />;
}

function ColumnTable({ columns, label }: { columns: Values; label: string }) {
  const names = Object.keys(columns);
  const lists = names.map((name) => (Array.isArray(columns[name]) ? (columns[name] as Json[]) : []));
  return <DataTable caption={label} columns={names} rows={(lists[0] ?? []).map((_, i) => lists.map((list) => list[i]))} />;
}

function Turns({ items }: { items: Json | undefined }) {
  const turns = (Array.isArray(items) ? items : []).filter(isObject);
  return (
    <dl class="facts">
      {turns.map((turn) => (
        <>
          <dt>{String(turn.role)}</dt>
          <dd style={{ whiteSpace: "pre-wrap" }}>{String(turn.text)}</dd>
        </>
      ))}
    </dl>
  );
}

function seriesFigure(value: Values, label: string): Figure {
  const values = Array.isArray(value.values) ? value.values : [];
  return { title: String(value.name || label), kind: "lines", data: { x: "at", y: label, series: [{ name: label, x: values.map((_, i) => i), y: values }] } };
}
