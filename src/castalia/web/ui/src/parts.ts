// The face in a few files, each fetched when it is first needed: the budget is 60 kB for a page with curves, of which
// uPlot is 24. Few files, because each costs a round trip. Plotly comes when a figure needs it.
import { lazy } from "./lazy";

const desk = () => import("./pages/desk");
const building = () => import("./pages/building");
const reading = () => import("./pages/reading");
const more = () => import("./pages/run/more");
const experiments = () => import("./pages/experiments");
const jobs = () => import("./pages/jobs");
const tracking = () => import("./pages/tracking");

export const AskTab = lazy(() => desk().then((part) => part.AskTab));
export const BatchTab = lazy(() => desk().then((part) => part.BatchTab));
export const SourceTab = lazy(() => reading().then((part) => part.SourceTab));
export const ViewsTab = lazy(() => reading().then((part) => part.ViewsTab));
export const LessonTab = lazy(() => reading().then((part) => part.LessonTab));
export const ManualPage = lazy(() => reading().then((part) => part.ManualPage));
export const Markdown = lazy(() => reading().then((part) => part.Markdown));
export const ImageControl = lazy(() => desk().then((part) => part.ImageControl));
export const FirstRun = lazy(() => import("./pages/first-run").then((part) => part.FirstRun));
export const Build = lazy(() => building().then((part) => part.Build));
export const BuildTab = lazy(() => building().then((part) => part.BuildTab));
export const ElsewhereBox = lazy(() => building().then((part) => part.ElsewhereBox));
export const LibraryPage = lazy(() => import("./pages/library").then((part) => part.LibraryPage));
export const LearnPage = lazy(() => building().then((part) => part.LearnPage));
export const LearnOne = lazy(() => building().then((part) => part.LearnOne));
export const Palette = lazy(() => import("./components/palette").then((part) => part.Palette));
export const OvernightSaid = lazy(() => import("./components/overnight-said").then((part) => part.OvernightSaid), false);
export const LazyFigure = lazy(() => reading().then((part) => part.FigureView));
export const TrainTab = lazy(() => import("./pages/train").then((part) => part.TrainTab));
export const VersionsTab = lazy(() => tracking().then((part) => part.VersionsTab));
export const RunsPage = lazy(() => import("./pages/runs/page").then((part) => part.RunsPage));
export const RunPage = lazy(() => import("./pages/run").then((part) => part.RunPage));
export const RunFiles = lazy(() => more().then((part) => part.FilesTab));
export const VersionFiles = lazy(() => more().then((part) => part.VersionFiles));
export const RunCode = lazy(() => more().then((part) => part.CodeTab));
export const RunLog = lazy(() => more().then((part) => part.LogTab));
export const NoticesPage = lazy(() => import("./pages/notices").then((part) => part.NoticesPage));
export const ModelsPage = lazy(() => tracking().then((part) => part.ModelsPage));
export const ModelPage = lazy(() => tracking().then((part) => part.ModelPage));
export const ComparePage = lazy(() => import("./pages/compare/page").then((part) => part.ComparePage));
export const ExperimentsPage = lazy(() => experiments().then((part) => part.ExperimentsPage));
export const NamedExperiment = lazy(() => experiments().then((part) => part.NamedExperiment));
export const JobsPage = lazy(() => jobs().then((part) => part.JobsPage));
export const TodayPage = lazy(() => import("./pages/today/page").then((part) => part.TodayPage));
export const JobPage = lazy(() => jobs().then((part) => part.JobPage));
