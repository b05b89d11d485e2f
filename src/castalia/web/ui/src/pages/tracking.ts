// What was trained: models, versions; fetched once. Few files, because each costs a round trip.
import sheet from "../css/models.css?later";
import { wear } from "../later";

wear(sheet);

export { ModelPage } from "./models/model";
export { ModelsPage } from "./models/page";
export { VersionsTab } from "./versions";
