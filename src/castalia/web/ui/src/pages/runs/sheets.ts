// What opens above the list, fetched when it is first opened.
export { Chooser } from "./chooser";
export { EditDialog, KeysDialog, NameDialog, RemoveDialog } from "./dialogs";
