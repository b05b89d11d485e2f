// Jobs: the queue with what was, and the page of one; fetched once.
import "../../lists";
export { JobsPage } from "./list";
export { JobPage } from "./one";
