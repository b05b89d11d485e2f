// Experiments: the list and the page of one; fetched once.
import "../../lists";
export { ExperimentsPage } from "./list";
export { NamedExperiment } from "./one";
