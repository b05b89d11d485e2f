// The columns of the list: what they are called, how wide they are, which are shown when nobody chose.

export interface Named {
  name: string;
  runs: number;
}
export interface Names {
  metrics: Named[];
  params: Named[];
  tags: Named[];
}

export interface Column {
  id: string;
  label: string;
  group: string;
  /** In rem. */
  width: number;
  right: boolean;
  /** What GET /runs calls the order; empty where there is none. */
  order: string;
  pinned: boolean;
  /** Somebody said how wide. */
  fixed?: boolean;
}

const own: Record<string, [label: string, width: number, order?: string, right?: boolean]> = {
  name: ["Run", 15, "name"],
  status: ["Status", 7, "status"],
  experiment: ["Experiment", 8.5, "experiment"],
  started: ["Started", 7, "started"],
  took: ["Took", 6.5, "took", true],
  children: ["Children", 6, "", true],
  alerts: ["Alerts", 5, "", true],
  tags: ["Tags", 13],
  note: ["Note", 15],
  system: ["System", 8, "system"],
  owner: ["Owner", 7],
  id: ["Id", 8],
};
export const ownColumns = Object.keys(own);
const MOST_METRICS = 4;

const worth = [/^(test|held_out)[_./]/, /^(validation|valid|val|eval)[_./]/, /^(loss|accuracy|error)$/, /^(?!.*(fold|trial|seed|epoch|time|seconds|system))/];

/** What was measured on held-out data comes first, pieces such as folds last. */
export function rank(metric: string): number {
  const found = worth.findIndex((one) => one.test(metric));
  return found < 0 ? worth.length : found;
}

const measures = ["loss", "accuracy", "error", "auc", "f1", "rmse", "mae", "r2"];

/** Of the same part: what most people look at first. */
function usual(metric: string): number {
  const found = measures.findIndex((one) => new RegExp(`(^|[_./ -])${one}$`, "i").test(metric));
  return found < 0 ? measures.length : found;
}

export const ofMachine = (tag: string): boolean => /^(mlflow|castalia)\./.test(tag);

export function defaults(names: Names): string[] {
  const most = Math.max(0, ...names.metrics.map((one) => one.runs));
  // A metric that few runs have leaves a column of dashes, whatever it is called.
  const common = (one: Named): number => (one.runs * 2 >= most ? 0 : one.runs * 10 >= most ? 1 : 2);
  const metrics = [...names.metrics].sort((a, b) => common(a) - common(b) || rank(a.name) - rank(b.name) || usual(a.name) - usual(b.name) || b.runs - a.runs || a.name.localeCompare(b.name));
  const tagged = names.tags.some((one) => !ofMachine(one.name));
  return ["name", "status", "experiment", ...metrics.slice(0, MOST_METRICS).map((one) => `metrics.${one.name}`), "started", "took", ...(tagged ? ["tags"] : [])];
}

const prefixes = /^(?:([^/]+)\/|(train|training|test|val|valid|validation|eval|held_out|system)[_.])(.+)$/;

function metric(key: string, word: string): [group: string, label: string] {
  const found = prefixes.exec(key);
  return found ? [(found[1] ?? found[2])!, found[3]!] : [word, key];
}

export function column(id: string, pinned: boolean): Column | undefined {
  const known = own[id];
  if (known) return { id, label: known[0], group: "", width: known[1], order: known[2] ?? "", right: known[3] ?? false, pinned };
  const at = id.indexOf(".");
  const kind = id.slice(0, at);
  const key = id.slice(at + 1);
  if (!key) return undefined;
  const fit = (label: string, least: number): number => Math.min(14, Math.max(least, 2.6 + label.length * 0.5));
  if (kind === "metrics" || kind === "spark") {
    const [group, label] = metric(key, "Metrics");
    return { id, label, group, width: fit(label, kind === "spark" ? 8 : 6), right: kind === "metrics", order: `metrics.${key}`, pinned };
  }
  if (kind === "params") return { id, label: key, group: "Params", width: fit(key, 6.5), right: false, order: id, pinned };
  if (kind === "tags") return { id, label: key, group: "Tags", width: fit(key, 7), right: false, order: id, pinned };
  return undefined;
}

/** The columns in the order they are shown: pinned ones first, the name always among them. */
export function arranged(ids: string[], pins: string[], widths: Record<string, number> = {}): Column[] {
  const pinned = new Set(pins.length ? pins : ["name"]);
  const made = [...new Set(ids.includes("name") ? ids : ["name", ...ids])].map((id) => column(id, pinned.has(id))).filter((one) => one !== undefined);
  for (const one of made) if (Object.hasOwn(widths, one.id)) Object.assign(one, { width: widths[one.id], fixed: true });
  return [...made.filter((one) => one.pinned), ...made.filter((one) => !one.pinned)];
}

/** What each column is called where no head stands above it: a metric and a param of one name are told apart. */
export function distinct(columns: Column[]): (column: { id: string }) => string {
  const names = new Map(columns.map((one) => [one.id, full(one)]));
  const counts = new Map<string, number>();
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return ({ id }) => (counts.get(names.get(id) ?? "") === 1 ? names.get(id)! : id);
}

/** The name a person reads where there is no head above it. */
export const full = (one: Column): string => (one.id.startsWith("spark.") ? `${one.id.slice(6)}, curve` : one.group && !["Metrics", "Params", "Tags"].includes(one.group) ? one.id.slice(one.id.indexOf(".") + 1) : one.label);
