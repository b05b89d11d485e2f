// What was trained: models, versions; fetched once. Few files, because each costs a round trip.
export { ModelPage } from "./models/model";
export { ModelsPage } from "./models/page";
export { VersionsTab } from "./versions";
