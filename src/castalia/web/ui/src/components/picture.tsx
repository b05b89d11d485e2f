import { useState } from "preact/hooks";

/** A picture at a size one can see: a tiny one is enlarged with its pixels kept sharp. */
export function Picture({ src, alt, onError }: { src: string; alt: string; onError?: () => void }) {
  const [tiny, setTiny] = useState(false);
  return <img class={tiny ? "preview tiny" : "preview"} src={src} alt={alt} onLoad={(event) => setTiny(event.currentTarget.naturalWidth <= 64)} {...(onError ? { onError } : {})} />;
}
