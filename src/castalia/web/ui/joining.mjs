// What every page needs, as one file: esbuild makes a chunk for each set of parts that share something, which is many
// small files, and each of them costs a request. The chunks of the first page, and small ones beside them, become one.
import { build } from "esbuild";
import { createHash } from "node:crypto";

/** Shared chunks of fewer bytes than this are on every page. */
const SMALL = 800;

const head = /^(?:import(?:\{[^}]*\}from)?"\.\/[^"]+";)+/;
const statement = /import(?:\{([^}]*)\}from)?"\.\/([^"]+)";/g;
const hash = (text) => createHash("sha256").update(text).digest("hex");

/** `files`: {name: text} of esbuild's output, `main` the entry, `entries` names that stay files. {name: text}, the new main and {old name: new name}. */
export async function joined(files, main, entries) {
  const reads = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, [...(head.exec(text)?.[0] ?? "").matchAll(statement)].map((one) => one[2])]));
  const base = new Set();
  const take = (name) => base.has(name) || (base.add(name), reads[name].forEach(take));
  take(main);
  const fits = (name) => base.has(name) || (!entries.includes(name) && files[name].length < SMALL && reads[name].every(fits));
  for (const name of Object.keys(files)) if (fits(name)) base.add(name);

  const exported = (name) => [...(/export\{([^}]*)\};?\s*$/.exec(files[name])?.[1] ?? "").matchAll(/(?:[\w$]+ as )?([\w$]+)/g)].map((one) => one[1]);
  const chunks = [...base].filter((name) => name !== main);
  const place = Object.fromEntries(chunks.map((name, i) => [name, i]));
  const made = await build({
    stdin: { contents: [...chunks.map((name) => `export{${exported(name).map((one) => `${one} as _${place[name]}${one}`).join(",")}}from"./${name}";`), `import"./${main}";`].join("\n"), resolveDir: "/" },
    bundle: true, format: "esm", target: ["es2021"], minify: true, write: false, legalComments: "none", logLevel: "warning",
    plugins: [{
      name: "memory",
      setup(on) {
        on.onResolve({ filter: /^\.\// }, ({ path }) => (base.has(path.slice(2)) ? { path: path.slice(2), namespace: "memory" } : { path, external: true }));
        on.onLoad({ filter: /.*/, namespace: "memory" }, ({ path }) => ({ contents: files[path], loader: "js" }));
      },
    }],
  });

  // A name says what the whole build is: a file that is kept for ever must not name one that has changed.
  const whole = hash(Object.keys(files).sort().join() + made.outputFiles[0].text);
  const renamed = Object.fromEntries(Object.keys(files).map((name) => [name, `${name.replace(/-\w+\.js$/, "")}-${hash(whole + name).slice(0, 8)}.js`]));
  const rewritten = (text) =>
    text.replace(head, (all) => all.replace(statement, (line, names, from) => (!base.has(from) || from === main ? line : names ? `import{${names.split(",").map((one) => `_${place[from]}${one.includes(" as ") ? one : `${one} as ${one}`}`).join(",")}}from"./${main}";` : "")));
  const out = { [renamed[main]]: made.outputFiles[0].text };
  for (const [name, text] of Object.entries(files)) if (!base.has(name)) out[renamed[name]] = rewritten(text);
  for (const name of Object.keys(out))
    out[name] = out[name].replace(/"\.\/([\w-]+\.js)"/g, (all, old) => {
      if (!(old in renamed)) return all;
      if (base.has(old) && old !== main) throw new Error(`${name} still asks for ${old}`);
      return `"./${renamed[old]}"`;
    });
  return { files: out, main: renamed[main], renamed };
}
