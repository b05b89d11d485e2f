import { useRef } from "preact/hooks";
import { ConnectionBanner } from "./components/banner";
import { Header } from "./components/header";
import { Link } from "./components/link";
import { url } from "./api";
import { lazy } from "./lazy";
import { HomePage } from "./pages/home";
import { MissingPage } from "./pages/missing";
import { SystemsPage } from "./pages/systems";
import { usePlace } from "./router";

const SystemPage = lazy(() => import("./pages/system").then((page) => page.SystemPage));
const RunsPage = lazy(() => import("./pages/runs").then((page) => page.RunsPage));
const RunPage = lazy(() => import("./pages/run").then((page) => page.RunPage));
const ModelsPage = lazy(() => import("./pages/models").then((page) => page.ModelsPage));
const ModelPage = lazy(() => import("./pages/model").then((page) => page.ModelPage));

function Page() {
  const { path } = usePlace();
  const [section = "", name, more] = path;
  if (more === undefined) {
    if (!section) return <HomePage />;
    if (section === "systems") return name ? <SystemPage key={name} name={name} /> : <SystemsPage />;
    if (section === "runs") return name ? <RunPage key={name} id={name} /> : <RunsPage />;
    if (section === "models") return name ? <ModelPage key={name} name={name} /> : <ModelsPage />;
  }
  return <MissingPage what={`There is no page ${path.join("/")}`} />;
}

export function App() {
  const main = useRef<HTMLElement>(null);
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
        <Page />
      </main>
      <footer class="foot">
        <span>Castalia runs on this machine. No page connects anywhere else.</span>
        <Link to={["systems"]}>Systems</Link>
        <a href={url("docs")}>The HTTP interface</a>
      </footer>
    </>
  );
}
