// What opens above the list, and what stands in its place where it is empty: fetched when it is first needed.
export { Chooser } from "./chooser";
export { NoRuns, NothingFound } from "./empty";
export { EditDialog, KeysDialog, NameDialog, RemoveDialog } from "./dialogs";
