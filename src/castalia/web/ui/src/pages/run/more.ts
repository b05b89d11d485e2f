// What of a run is not needed at once: its files and their previews, its code, its log; fetched once.
export { CodeTab } from "./code-tab";
export { FilesTab } from "./files";
export { LogTab } from "./log-tab";
export { VersionFiles } from "../models/files";
