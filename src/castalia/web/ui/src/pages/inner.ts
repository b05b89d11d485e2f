// Every page but the first two, in one file that is fetched once.
export { ModelPage } from "./model";
export { ModelsPage } from "./models";
export { RunPage } from "./run";
export { RunsPage } from "./runs";
export { SystemPage } from "./system";
