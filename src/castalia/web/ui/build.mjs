// Builds the face into ../dist: hashed assets, an index.html that names them, and a manifest.
// Every address in index.html is relative to its <base>, which the server rewrites under --base-path.
import { build, context, transform } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "dist");
const watching = process.argv.includes("--watch");

/** Whose files are named in the page's head, so that they come beside the first instead of after it: {page: source}. */
const PAGES = { runs: "src/pages/runs/page.tsx", "runs-one": "src/pages/run.tsx", compare: "src/pages/compare/page.tsx" };

/** Write the files that esbuild just made, index.html, one page like it for each of PAGES, and manifest.json. */
async function finish({ metafile, outputFiles }) {
  const outputs = Object.entries(metafile.outputs).map(([path, out]) => [basename(path), out]);
  const entry = (source) => outputs.find(([, out]) => out.entryPoint === source);
  const [main, { cssBundle }] = entry("src/main.tsx");
  const style = basename(cssBundle);
  for (const one of outputFiles) await writeFile(join(dist, "assets", basename(one.path)), one.contents);
  const texts = Object.fromEntries(outputFiles.map((one) => [basename(one.path), one.text]));

  const asked = (name) => [...texts[name].matchAll(/(?:from|import)"\.\/([^"]+)"/g)].map((one) => one[1]);
  const closure = (name, found = new Set()) => (found.has(name) || (found.add(name), asked(name).forEach((one) => closure(one, found))), found);
  const template = await readFile(join(here, "index.html"), "utf8");
  const early = {};
  for (const [page, source] of [["index", "src/main.tsx"], ...Object.entries(PAGES)]) {
    early[page] = [...new Set([...closure(main), ...closure(entry(source)[0])])].filter((name) => name !== main);
    const html = template
      .replace("%STYLE%", `assets/${style}`)
      .replace("%SCRIPT%", `assets/${main}`)
      .replace("%EARLY%", early[page].map((name) => `<link rel="modulepreload" href="assets/${name}">`).join("\n    "));
    await writeFile(join(dist, `${page}.html`), html);
  }

  const files = {};
  for (const name of [...Object.keys(early).map((page) => `${page}.html`), ...(await readdir(join(dist, "assets"))).map((file) => `assets/${file}`)].sort()) {
    const content = await readFile(join(dist, name));
    files[name] = {
      bytes: content.length,
      gzip: gzipSync(content, { level: 9 }).length,
      sha256: createHash("sha256").update(content).digest("hex"),
    };
  }
  await writeFile(join(dist, "manifest.json"), JSON.stringify({ entry: `assets/${main}`, style: `assets/${style}`, files }, null, 2));
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const weight = (page) => [main, style, ...early[page]].reduce((sum, name) => sum + files[`assets/${name}`].gzip, files[`${page}.html`].gzip);
  console.log(`gzip: ${Object.keys(early).map((page) => `${page} ${kb(weight(page))}`).join(", ")}; all ${kb(Object.values(files).reduce((sum, one) => sum + one.gzip, 0))}`);
}

/** A sheet imported as "x.css?later" is text in the script of its page, which puts it on when it is first opened. */
const later = {
  name: "later",
  setup: (b) => {
    b.onResolve({ filter: /\.css\?later$/ }, (one) => ({ path: join(one.resolveDir, one.path.replace(/\?later$/, "")), namespace: "later" }));
    b.onLoad({ filter: /.*/, namespace: "later" }, async (one) => {
      const { code } = await transform(await readFile(one.path, "utf8"), { loader: "css", minify: !watching, target: options.target });
      return { contents: code, loader: "text", watchFiles: [one.path] };
    });
  },
};

const options = {
  absWorkingDir: here,
  entryPoints: ["src/main.tsx"],
  // Else each set of pages that shares a module gets a file of its own, and a page is two dozen of them.
  inject: ["src/shared.ts"],
  outdir: join(dist, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2021"],
  minify: !watching,
  metafile: true,
  write: false,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  loader: { ".svg": "text" },
  plugins: [later, { name: "finish", setup: (b) => b.onEnd((result) => (result.errors.length ? undefined : finish(result))) }],
};

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });
if (watching) await (await context(options)).watch();
else await build(options);
