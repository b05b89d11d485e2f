// A drawn chart as a file: SVG that stands alone, or PNG made from it. Colours are those of the theme on show.
import { save } from "../../csv";
import { token } from "../../theme";
import { dashes, INKS } from "./comparison";

export interface KeyLine {
  name: string;
  ink: number;
}

const MOST_NAMES = 40;
const NS = "http://www.w3.org/2000/svg";

export const fileName = (title: string, kind: string): string => `${title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+/, "").slice(0, 100) || "chart"}.${kind}`;

function element(name: string, attributes: Record<string, string | number>, content = ""): SVGElement {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (content) made.textContent = content;
  return made;
}

/** The chart with its title and names as the text of an SVG file. */
export function standing(drawn: SVGSVGElement, title: string, key: KeyLine[]): { text: string; width: number; height: number } {
  const width = Number(drawn.getAttribute("width"));
  const high = Number(drawn.getAttribute("height"));
  const names = key.slice(0, MOST_NAMES);
  const columns = Math.max(1, Math.floor(width / 220));
  const rows = Math.ceil(names.length / columns) + (key.length > names.length ? 1 : 0);
  const height = high + 44 + rows * 20 + 12;
  const page = element("svg", { xmlns: NS, width, height, viewBox: `0 0 ${width} ${height}`, "font-family": "Helvetica, Arial, sans-serif", "font-size": 11, fill: token("--ink-3") });
  page.append(element("rect", { width, height, fill: token("--raised") }), element("text", { x: 16, y: 26, "font-size": 15, "font-weight": 600, fill: token("--ink") }, title));
  const chart = element("g", { transform: "translate(0 40)" });
  for (const child of drawn.children) if (!child.hasAttribute("data-cursor")) chart.append(child.cloneNode(true));
  page.append(chart);
  names.forEach((one, i) => {
    const [x, y] = [16 + (i % columns) * (width / columns), high + 56 + Math.floor(i / columns) * 20];
    page.append(element("line", { x1: x, x2: x + 22, y1: y - 4, y2: y - 4, stroke: token(`--c-${(one.ink % INKS) + 1}`), "stroke-width": 2, "stroke-dasharray": dashes[Math.floor(one.ink / INKS) % dashes.length]! }), element("text", { x: x + 30, y, fill: token("--ink-2") }, one.name.length > 30 ? `${one.name.slice(0, 29)}…` : one.name));
  });
  if (key.length > names.length) page.append(element("text", { x: 16, y: height - 14 }, `and ${key.length - names.length} more`));
  const text = new XMLSerializer().serializeToString(page).replace(/var\((--[\w-]+)\)/g, (_, name: string) => token(name));
  return { text: text.replace(/ (?:class|data-run)="[^"]*"/g, ""), width, height };
}

export function saveSvg(drawn: SVGSVGElement, title: string, key: KeyLine[]): void {
  save(fileName(title, "svg"), standing(drawn, title, key).text, "image/svg+xml");
}

export async function savePng(drawn: SVGSVGElement, title: string, key: KeyLine[]): Promise<void> {
  const { text, width, height } = standing(drawn, title, key);
  const address = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width * 2, height * 2];
    canvas.getContext("2d")!.drawImage(picture, 0, 0, width * 2, height * 2);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done));
    if (blob) save(fileName(title, "png"), blob, "image/png");
  } finally {
    URL.revokeObjectURL(address);
  }
}
