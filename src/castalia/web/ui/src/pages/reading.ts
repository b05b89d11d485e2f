// What one needs to look and read: figures, the lesson, the source; fetched once.
export { FigureView } from "../components/figure";
export { LessonTab } from "./lesson";
export { SourceTab } from "./source";
export { ViewsTab } from "./views";
export { ManualPage } from "./manual";
export { Markdown } from "../markdown";
