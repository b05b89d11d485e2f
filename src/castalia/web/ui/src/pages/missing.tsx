import { PageHead } from "../components/page";
import { Link } from "../components/link";

export function MissingPage({ what, to }: { what: string; to?: { label: string; path: string[] } }) {
  return (
    <>
      <PageHead title="Not found" note={what} />
      <p class="row">
        <Link class="button first" to={to ? to.path : ["systems"]}>
          {to ? to.label : "Open the systems"}
        </Link>
        <Link class="button" to={["runs"]}>
          Open the runs
        </Link>
      </p>
    </>
  );
}
