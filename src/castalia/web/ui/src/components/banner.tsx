import { knock, useConnection } from "../connection";
import { Icon } from "./icons";

export function ConnectionBanner() {
  const { lost, returns } = useConnection();
  return (
    <>
      {lost && (
        <div class="banner" role="alert">
          <span class="row">
            <Icon name="alert" /> <b>Connection lost.</b> The workbench does not answer; what you see may be old. Trying again…
          </span>
          <button type="button" class="button little" onClick={() => void knock()}>
            Try now
          </button>
        </div>
      )}
      <span class="hidden" role="status">
        {!lost && returns ? "Connected again" : ""}
      </span>
    </>
  );
}
