// The files of a version, as those of a run are shown.
import { get } from "../../api";
import { Loading } from "../../components/page";
import { ProblemBox } from "../../components/problem";
import { useResource } from "../../resource";
import type { Artifact, Version } from "../../types";
import { FileView } from "../run/files";

export function VersionFiles({ name, version, at }: { name: string; version: Version; at: string }) {
  const { value, problem, again } = useResource<{ here: boolean; files: Artifact[]; more: boolean }>(`${at}/files`, (signal) => get(`${at}/files`, signal));
  if (!value) return problem ? <ProblemBox problem={problem} again={again} /> : <Loading what="the files" />;
  if (!value.here)
    return (
      <p class="muted">
        Its files are not here, or cannot be read now. They lie at <code>{version.source}</code>.
      </p>
    );
  if (!value.files.length) return <p class="muted">It has no files.</p>;
  return <FileView files={value.files} more={value.more} owner={{ at, to: ["models", name], query: `version=${version.version}&tab=files` }} />;
}
