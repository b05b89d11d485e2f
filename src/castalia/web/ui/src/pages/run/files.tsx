// The files of a run, or of a version: folders, sizes, hashes, and what is in the one that was chosen.
import { useMemo } from "preact/hooks";
import { get, part, url } from "../../api";
import { Copy } from "../../components/code";
import { Icon } from "../../components/icons";
import { Link } from "../../components/link";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { bytes, plural } from "../../format";
import { useResource } from "../../resource";
import { usePlace } from "../../router";
import type { Artifact, RunDetail } from "../../types";
import { Preview } from "./preview";

interface Folder {
  folders: Map<string, Folder>;
  files: Artifact[];
  size: number;
  count: number;
}

const empty = (): Folder => ({ folders: new Map(), files: [], size: 0, count: 0 });

export function tree(files: Artifact[]): Folder {
  const top = empty();
  for (const file of files) {
    let at = top;
    const names = file.name.split("/");
    const path = [top];
    for (const name of names.slice(0, -1)) {
      const next = at.folders.get(name) ?? empty();
      at.folders.set(name, next);
      at = next;
      path.push(at);
    }
    at.files.push(file);
    for (const one of path) {
      one.size += file.size ?? 0;
      one.count += 1;
    }
  }
  return top;
}

/** Whose files they are: where the server has them, and where the page shows one. */
interface Owner {
  at: string;
  to: string[];
  query: string;
}

export const fileAt = (at: string, name: string): string => `${at}/artifacts/${name.split("/").map(part).join("/")}`;
export const fileAddress = (run: string, name: string): string => fileAt(`runs/${part(run)}`, name);

/** What to show first: what a person reads before what a program does. */
function foremost(files: Artifact[]): string {
  const order = [/(^|\/)README\.md$/i, /\.(png|jpe?g|webp|gif)$/i, /\.figure\.json$/, /\.(csv|tsv)$/i, /\.(md|txt|json|log)$/i];
  for (const one of order) {
    const found = files.find((file) => one.test(file.name) && !file.name.startsWith("castalia/"));
    if (found) return found.name;
  }
  return files[0]?.name ?? "";
}

export function FilesTab({ run }: { run: RunDetail }) {
  const id = run.run_id;
  const at = `runs/${part(id)}`;
  const { value: files, problem, again } = useResource<Artifact[]>(`runs/${id}/artifacts`, (signal) => get(`${at}/artifacts`, signal), run.status === "running" ? 10_000 : 0);
  if (!files) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the files" />;
  if (!files.length) return <p class="muted">It kept no files. {run.status === "running" ? "They show here as they come." : ""}</p>;
  return <FileView files={files} owner={{ at, to: ["runs", id], query: "tab=files" }} />;
}

export function FileView({ files, owner, more = false }: { files: Artifact[]; owner: Owner; more?: boolean }) {
  const { query } = usePlace();
  const top = useMemo(() => tree(files), [files]);
  const chosen = query.get("file") || foremost(files);
  const file = files.find((one) => one.name === chosen);
  return (
    <div class="files">
      <nav class="tree" aria-label="Files">
        <p class="faint small">
          {plural(files.length, "file")}, {bytes(top.size)}
          {more && "; there are more"}
        </p>
        <Branch folder={top} path="" chosen={chosen} owner={owner} />
      </nav>
      <section class="stack file-shown" aria-label="The chosen file">
        {file ? <Shown key={file.name} file={file} files={files} at={owner.at} /> : <p class="muted">There is no file {chosen} any more.</p>}
      </section>
    </div>
  );
}

const MOST = 500;

function Branch({ folder, path, chosen, owner }: { folder: Folder; path: string; chosen: string; owner: Owner }) {
  return (
    <ul>
      {[...folder.folders].sort((a, b) => a[0].localeCompare(b[0])).map(([name, inner]) => (
        <li key={name}>
          <details open={chosen.startsWith(`${path}${name}/`) || (path === "" && folder.folders.size < 4 && inner.count < 20)}>
            <summary>
              <Icon name="folder" size={14} /> <bdi>{name}</bdi> <span class="faint num">{inner.count}</span>
            </summary>
            <Branch folder={inner} path={`${path}${name}/`} chosen={chosen} owner={owner} />
          </details>
        </li>
      ))}
      {folder.files.slice(0, MOST).map((file) => (
        <li key={file.name}>
          <Link to={owner.to} query={`${owner.query}&file=${encodeURIComponent(file.name)}`} {...(file.name === chosen ? { "aria-current": "page" as const } : {})}>
            <bdi>{file.name.slice(path.length)}</bdi> <span class="faint num">{file.size === undefined ? "" : bytes(file.size)}</span>
          </Link>
        </li>
      ))}
      {folder.files.length > MOST && <li class="faint small">{plural(folder.files.length - MOST, "further file")}: castalia runs shows them</li>}
    </ul>
  );
}

function Shown({ file, files, at }: { file: Artifact; files: Artifact[]; at: string }) {
  return (
    <>
      <div class="row apart">
        <h2 class="file-name">
          <bdi>{file.name}</bdi>
        </h2>
        <a class="button little" href={url(fileAt(at, file.name))} download={file.name.slice(file.name.lastIndexOf("/") + 1)}>
          <Icon name="download" size={14} /> Download
        </a>
      </div>
      <Preview file={file} files={files} at={at} />
      <p class="faint small row file-facts">
        {file.size !== undefined && <span class="num">{plural(file.size, "byte")}</span>}
        {file.sha256 && (
          <span class="row">
            SHA-256 <code>{file.sha256.slice(0, 16)}…</code>
            <Copy text={file.sha256} what="the SHA-256" />
          </span>
        )}
      </p>
    </>
  );
}
