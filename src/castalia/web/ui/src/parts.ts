// The face in four files: what every page needs, the desk, the training, the tracking. uPlot and Plotly come when a figure needs them.
import { lazy } from "./lazy";

const desk = () => import("./pages/desk");
const tracking = () => import("./pages/tracking");

export const AskTab = lazy(() => desk().then((part) => part.AskTab));
export const BatchTab = lazy(() => desk().then((part) => part.BatchTab));
export const SourceTab = lazy(() => desk().then((part) => part.SourceTab));
export const ViewsTab = lazy(() => desk().then((part) => part.ViewsTab));
export const Markdown = lazy(() => desk().then((part) => part.Markdown));
export const ImageControl = lazy(() => desk().then((part) => part.ImageControl));
export const LazyFigure = lazy(() => desk().then((part) => part.FigureView));
export const TrainTab = lazy(() => import("./pages/train").then((part) => part.TrainTab));
export const VersionsTab = lazy(() => tracking().then((part) => part.VersionsTab));
export const RunsPage = lazy(() => tracking().then((part) => part.RunsPage));
export const RunPage = lazy(() => tracking().then((part) => part.RunPage));
export const ModelsPage = lazy(() => tracking().then((part) => part.ModelsPage));
export const ModelPage = lazy(() => tracking().then((part) => part.ModelPage));
