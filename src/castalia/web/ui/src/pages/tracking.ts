// What was trained: runs, models, versions; fetched once. Few files, because each costs a round trip.
export { ModelPage } from "./model";
export { ModelsPage } from "./models";
export { RunsPage } from "./runs";
export { VersionsTab } from "./versions";
