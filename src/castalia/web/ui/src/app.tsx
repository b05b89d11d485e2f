import { useRef } from "preact/hooks";
import { ConnectionBanner } from "./components/banner";
import { Header } from "./components/header";
import { Link } from "./components/link";
import { Sections } from "./components/sections";
import { useBeingHere } from "./components/overnight";
import { Toasts } from "./components/toast";
import { url } from "./api";
import { HomePage } from "./pages/home";
import { MissingPage } from "./pages/missing";
import { SystemPage } from "./pages/system";
import { SystemsPage } from "./pages/systems";
import { ComparePage, ExperimentsPage, JobPage, JobsPage, LearnOne, LearnPage, LibraryPage, ManualPage, ModelPage, ModelsPage, NamedExperiment, NoticesPage, RunPage, RunsPage, TodayPage } from "./parts";
import { usePlace } from "./router";

function Page() {
  const { path } = usePlace();
  const [section = "", name, more] = path;
  if (more === undefined) {
    if (!section) return <HomePage />;
    if (section === "today" && !name) return <TodayPage />;
    if (section === "learn") return name ? <LearnOne key={name} name={name} /> : <LearnPage />;
    if (section === "systems") return name ? <SystemPage key={name} name={name} /> : <SystemsPage />;
    if (section === "projects" && name) return <LibraryPage key={name} name={name} />;
    if (section === "runs") return name ? <RunPage key={name} id={name} /> : <RunsPage />;
    if (section === "experiments") return name ? <NamedExperiment key={name} name={name} /> : <ExperimentsPage />;
    if (section === "jobs") return name ? <JobPage key={name} id={name} /> : <JobsPage />;
    if (section === "compare" && !name) return <ComparePage />;
    if (section === "manual") return <ManualPage name={name} />;
    if (section === "notices" && !name) return <NoticesPage />;
    if (section === "models") return name ? <ModelPage key={name} name={name} /> : <ModelsPage />;
  }
  return <MissingPage what={`There is no page ${path.join("/")}`} />;
}

export function App() {
  const main = useRef<HTMLElement>(null);
  useBeingHere();
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <ConnectionBanner />
      <Header />
      <main id="main" tabIndex={-1} ref={main}>
        <Sections />
        <Page />
      </main>
      <footer class="foot">
        <span>Castalia runs on this machine. No page connects anywhere else.</span>
        <Link to={["systems"]}>Systems</Link>
        <Link to={["manual"]}>Manual</Link>
        <a href={url("docs")}>The HTTP interface</a>
      </footer>
      <Toasts />
    </>
  );
}
