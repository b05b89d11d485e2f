import { PageHead } from "../components/page";
import { Link } from "../components/link";

export function MissingPage({ what }: { what: string }) {
  return (
    <>
      <PageHead title="Not found" note={what} />
      <p class="row">
        <Link class="button first" to={["systems"]}>
          Open the systems
        </Link>
        <Link class="button" to={["runs"]}>
          Open the runs
        </Link>
      </p>
    </>
  );
}
