import { lazy } from "../../lazy";

const sheets = () => import("./sheets");

export const Chooser = lazy(() => sheets().then((part) => part.Chooser));
export const EditDialog = lazy(() => sheets().then((part) => part.EditDialog));
export const KeysDialog = lazy(() => sheets().then((part) => part.KeysDialog));
export const NameDialog = lazy(() => sheets().then((part) => part.NameDialog));
export const NoRuns = lazy(() => sheets().then((part) => part.NoRuns));
export const NothingFound = lazy(() => sheets().then((part) => part.NothingFound));
export const RemoveDialog = lazy(() => sheets().then((part) => part.RemoveDialog));
