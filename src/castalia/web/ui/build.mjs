// Builds the face into ../dist: hashed assets, an index.html that names them, and a manifest.
// Every address in index.html is relative to its <base>, which the server rewrites under --base-path.
import { build, context, transform } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "..", "dist");
const watching = process.argv.includes("--watch");

/** Whose files are named in the page's head, so that they come beside the first instead of after it: {page: source}. */
const PAGES = { index: "src/main.tsx", runs: "src/pages/runs/page.tsx", "runs-one": "src/pages/run.tsx", compare: "src/pages/compare/page.tsx", experiments: "src/pages/experiments/index.ts", jobs: "src/pages/jobs/index.ts", models: "src/pages/tracking.ts", today: "src/pages/today/page.tsx" };

/** Write index.html, a page like it for each of PAGES, and manifest.json for the files that esbuild just wrote. */
async function finish(metafile) {
  const outputs = Object.entries(metafile.outputs);
  const find = (source) => outputs.find(([, out]) => out.entryPoint === source);
  const asset = (path) => path.slice(path.lastIndexOf("assets/"));
  const [main, entry] = find(PAGES.index);
  // All that a script asks for by static imports, and what these ask for.
  const all = (path, found = new Set()) => {
    if (!found.has(path)) {
      found.add(path);
      for (const one of metafile.outputs[path].imports) if (one.kind === "import-statement") all(one.path, found);
    }
    return found;
  };
  const template = await readFile(join(here, "index.html"), "utf8");
  const early = {};
  for (const [page, source] of Object.entries(PAGES)) {
    early[page] = [...new Set([...all(main), ...all(find(source)[0])])].filter((path) => path !== main).map(asset);
    const html = template
      .replace("%STYLE%", asset(entry.cssBundle))
      .replace("%SCRIPT%", asset(main))
      .replace("%EARLY%", early[page].map((href) => `<link rel="modulepreload" href="${href}">`).join("\n    "));
    await writeFile(join(dist, `${page}.html`), html);
  }

  const files = {};
  const pages = Object.keys(PAGES).map((page) => `${page}.html`);
  for (const name of [...pages, ...(await readdir(join(dist, "assets"))).map((file) => `assets/${file}`)].sort()) {
    const content = await readFile(join(dist, name));
    // Browsers take Brotli from this machine and over HTTPS, gzip elsewhere; Python has no Brotli, so it is packed here.
    const packed = brotliCompressSync(content);
    await writeFile(join(dist, `${name}.br`), packed);
    files[name] = {
      bytes: content.length,
      gzip: gzipSync(content, { level: 9 }).length,
      brotli: packed.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    };
  }
  await writeFile(join(dist, "manifest.json"), JSON.stringify({ entry: asset(main), style: asset(entry.cssBundle), files }, null, 2));
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const weight = (page, as) => [`${page}.html`, asset(main), asset(entry.cssBundle), ...early[page]].reduce((sum, name) => sum + files[name][as], 0);
  for (const as of ["gzip", "brotli"]) {
    const all = Object.values(files).reduce((sum, one) => sum + one[as], 0);
    console.log(`${as}: ${Object.keys(PAGES).map((page) => `${page} ${kb(weight(page, as))}`).join(", ")}; all ${kb(all)}`);
  }
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
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
  loader: { ".svg": "text" },
  plugins: [later, { name: "finish", setup: (b) => b.onEnd((result) => (result.errors.length ? undefined : finish(result.metafile))) }],
};

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "assets"), { recursive: true });
if (watching) await (await context(options)).watch();
else await build(options);
