// What one needs to build something and have it checked; fetched once.
export { Build } from "./build";
export { BuildTab } from "./build-tab";
export { LibraryPage } from "./library";
export { LearnOne, LearnPage } from "./learn";
