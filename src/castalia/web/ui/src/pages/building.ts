// What one needs to build something and have it checked; fetched once.
export { Build, ElsewhereBox } from "./build";
export { BuildTab } from "./build-tab";
export { LearnOne, LearnPage } from "./learn";
