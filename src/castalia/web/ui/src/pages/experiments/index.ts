// Experiments: the list and the page of one; fetched once.
export { ExperimentsPage } from "./list";
export { NamedExperiment } from "./one";
