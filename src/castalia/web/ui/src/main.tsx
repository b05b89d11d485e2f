import { render } from "preact";
import "./css/tokens.css";
import "./css/base.css";
import "./css/shell.css";
import "./css/forms.css";
import "./css/parts.css";
import "./css/learn.css";
import "./css/grid.css";
import "./css/run.css";
import "./css/notices.css";
import { App } from "./app";
import { followLinks, followPrinted } from "./router";
import { showTheme } from "./theme";

showTheme();
followPrinted();
followLinks();
render(<App />, document.getElementById("app")!);
