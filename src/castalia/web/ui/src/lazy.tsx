// A page or part fetched when it is first shown.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** `waits`: something grey stands in its place until it is there. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, waits = true): ComponentType<P> {
  let ready: ComponentType<P> | undefined;
  return function Lazy(props: P) {
    const [Shown, setShown] = useState<ComponentType<P> | undefined>(() => ready);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (ready) return;
      load().then(
        (found) => {
          ready = found;
          setShown(() => found);
        },
        () => setFailed(true),
      );
    }, []);
    if (failed) return <p role="alert">This part could not be loaded. Reload the page; after an update the old parts are gone.</p>;
    return Shown ? <Shown {...props} /> : waits ? <div class="skeleton" aria-busy="true" /> : null;
  };
}
