// A model that has a name and no version: what would make one.
import { Code } from "../../components/code";
import { Empty, PageHead } from "../../components/page";
import type { Model } from "../../types";
import { literal, plain } from "./registry";

export function Bare({ model }: { model: Model }) {
  return (
    <>
      <PageHead title={model.name} crumbs={[{ label: "Models", to: ["models"] }]} note="It has a name and no version, so nothing answers to it." />
      <div class="stack">
        {model.description && <p class="said">{model.description}</p>}
        <Empty title="No version yet">
          <p>Whatever a run logged as a model becomes its next version:</p>
          {plain(model.name) && <Code text={`import mlflow\n\nmlflow.register_model("runs:/RUN/model", ${literal(model.name)})`} what="the lines that register a version" wrap />}
        </Empty>
      </div>
    </>
  );
}
