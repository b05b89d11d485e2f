// What the server sends. Unknown parts stay `unknown` and are only ever shown as text.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Values = { [name: string]: Json };

/** The part of JSON schema that pydantic writes and a form reads. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: Json;
  examples?: Json[];
  enum?: Json[];
  const?: Json;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  format?: string;
  items?: Schema;
  prefixItems?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  contentMediaType?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
  "x-castalia"?: string;
  "x-choices"?: string[];
  "x-minimum"?: number;
  "x-maximum"?: number;
  "x-when"?: Record<string, Json>;
  "x-play"?: boolean;
}

export interface SystemCard {
  name: string;
  title: string;
  project: string;
  skill: string;
  summary: string;
  shelf?: string;
  address: string;
  ready: string | null;
  missing: string | null;
}

/** A line of GET /projects: systems, and what answers nothing. */
export interface ProjectCard {
  name: string;
  title: string;
  project: string;
  skill: string;
  summary: string;
  shelf: string;
  address: string;
  kind: "system" | "library" | "project";
  subject: string;
  missing: string | null;
}

export interface LibraryClaim {
  id: string;
  words: string;
  at_least: number | null;
  at_most: number | null;
  measured: number | null;
  holds: boolean | null;
}

export interface LibraryModule {
  name: string;
  line: string;
  names: { name: string; shown: string; line: string }[];
}

export interface Project extends ProjectCard {
  claims: LibraryClaim[];
  lesson: string;
  modules: { name: string; line: string; count: number }[];
  docs: string[];
  examples: { title: string; code: string; page: string }[];
}

export interface Verb {
  name: string;
  writes?: boolean;
  doc?: string;
  input: Schema;
  output: Schema;
  stream?: boolean;
}

export interface Version {
  version: number;
  model?: string;
  system?: string | null;
  run_id?: string | null;
  run?: { run_id: string; name: string; status: string; lifecycle: string } | null;
  label?: string;
  created?: number | string;
  updated?: number;
  metrics?: Record<string, Num>;
  /** Who said the metrics: the fit, the logged model, its run, or nobody. */
  measured?: "fit" | "model" | "run" | "";
  aliases?: string[];
  digest?: string;
  source?: string;
  stage?: string;
  note?: string;
  tags?: Record<string, string>;
  user?: string;
  model_id?: string | null;
  ours?: boolean;
}

export interface System extends Omit<SystemCard, "ready"> {
  doc?: string;
  params: Schema | null;
  input: Schema;
  output: Schema;
  verbs?: Verb[];
  quick?: Values | null;
  example?: Values | null;
  model?: { name?: string; version?: number | null; label?: string } | null;
  versions?: Version[];
  lesson?: string;
  view?: { controls?: Schema | null } | null;
  predict?: boolean;
  tell?: boolean;
  data?: string[];
  claims?: unknown[];
}

export interface Figure {
  title: string;
  caption?: string;
  kind: "lines" | "bars" | "scatter" | "images" | "matrix" | "table" | "plotly";
  data: Record<string, unknown>;
}

export interface JobError {
  subject?: string;
  got?: string;
  expected?: string;
  cure?: string;
  log_tail?: string[] | string;
}

export interface Job {
  id: string;
  title: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  args?: Record<string, unknown>;
  owner?: string;
  limits?: { wall?: number | null };
  created?: number;
  started?: number | null;
  ended?: number | null;
  attempt?: number;
  stopping?: boolean;
  progress?: [number, number] | null;
  result?: Record<string, unknown> | null;
  error?: JobError | null;
}

export interface RunRow {
  run_id: string;
  name?: string | null;
  experiment?: string;
  system?: string | null;
  status: string;
  started?: number | string | null;
  ended?: number | string | null;
  parent?: string | null;
  owner?: string | null;
  lifecycle?: string;
  /** Runs inside it, and alerts: how many. */
  children?: number;
  alerts?: number;
  metrics?: Record<string, Num>;
  params?: Record<string, unknown>;
  tags?: Record<string, unknown>;
}

export interface RunDetail extends RunRow {
  summary?: Record<string, Summary>;
  lifecycle?: "active" | "deleted";
  owner?: string | null;
  children?: number;
  alerts?: number;
}

export interface Artifact {
  name: string;
  size?: number;
  sha256?: string;
  created?: number;
}

export interface Alert {
  id: string;
  time: number;
  level: "info" | "warning" | "error";
  text: string;
}

export interface Curve {
  step: number[];
  time: number[];
  value: Num[];
}

/** A line of GET /models; `versions` counts them. */
export interface ModelLine {
  name: string;
  system?: string | null;
  versions: number;
  /** Null where it has no version. */
  newest: number | null;
  champion: number | null;
  aliases?: Record<string, number>;
  metrics?: Record<string, Num>;
  source?: string;
  description?: string;
  tags?: Record<string, string>;
  created?: number;
  updated?: number;
}

export interface Model {
  name: string;
  description?: string;
  tags?: Record<string, string>;
  /** Whether less of a metric is better, where its name says so. */
  down?: Record<string, boolean>;
  champion?: number;
  newest?: number;
  versions: Version[];
  aliases?: Record<string, number>;
  /** Whether there are older versions than those. */
  more?: boolean;
}

/** The code that a version was made with, as far as its run said. */
export interface Code {
  commit: string;
  branch: string;
  dirty: boolean | null;
  origin: string;
  command: string;
  hash: string;
}

export interface LoggedModel {
  model_id: string;
  name: string;
  type: string;
  known: boolean;
}

/** NaN and infinities travel as text. */
export type Num = number | string | null;

export interface Summary {
  last: Num;
  last_step: number;
  last_time?: number;
  min: Num;
  min_step: number | null;
  max: Num;
  max_step: number | null;
}

/** One set opened: its columns and first rows, where it is a table. */
export interface DataContent {
  columns: DataColumn[] | null;
  preview?: { columns: string[]; rows: unknown[][] } | null;
}

export interface DataColumn {
  name: string;
  kind: string;
  choices?: string[];
  minimum?: number | null;
  maximum?: number | null;
}

export interface DataEntry {
  name: string;
  title?: string;
  kind?: string;
  rows?: number | null;
  licence?: string;
  research_only?: boolean;
  where?: string;
  versions?: number[] | number;
}
