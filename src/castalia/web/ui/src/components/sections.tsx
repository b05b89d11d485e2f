import { usePlace } from "../router";
import { Link } from "./link";

/** Lists that belong together: each a page of its own, one step away from the others. */
const lists = [
  ["runs", "Runs"],
  ["experiments", "Experiments"],
  ["jobs", "Jobs"],
] as const;

/** The names of sections that the bar's entry Runs stands for. */
export const tracked = ["runs", "experiments", "jobs", "compare"];

/** The way between Runs, Experiments and Jobs, above each of these lists; one run or job has its breadcrumbs instead. */
export function Sections() {
  const { path, query } = usePlace();
  const [section = "", name] = path;
  if (name || !lists.some(([one]) => one === section) || query.has("id")) return null;
  return (
    <nav class="sections" aria-label="Runs, experiments and jobs">
      {lists.map(([one, label]) => (
        <Link key={one} to={[one]} {...(one === section ? { "aria-current": "page" as const } : {})}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
