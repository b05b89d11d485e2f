// What one needs to ask a system and to read about it; fetched once, without the curves.
export { FigureView } from "../components/figure";
export { ImageControl } from "../components/image-field";
export { Markdown } from "../markdown";
export { AskTab } from "./ask";
export { BatchTab } from "./batch";
export { SourceTab } from "./source";
export { ViewsTab } from "./views";
