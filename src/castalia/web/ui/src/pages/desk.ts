// What one needs to ask a system; fetched once.
export { ImageControl } from "../components/image-field";
export { AskTab } from "./ask";
export { BatchTab } from "./batch";
