// Markup from a file, in a frame that may do nothing: no script, no form, no network, no way to this page.
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; base-uri 'none'";
const HEAD = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}"><meta http-equiv="x-dns-prefetch-control" content="off"><meta name="referrer" content="no-referrer">`;

const DOORS = "script,iframe,frame,object,embed,applet,portal,link,meta,base,form>input,template";
const LEADS = ["href", "xlink:href", "src", "srcset", "poster", "background", "data", "action", "formaction", "ping", "srcdoc", "target"];

/** The same without what leads elsewhere: the policy stops a request, but a browser may connect before it asks. */
function closed(text: string): string {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const one of page.querySelectorAll(DOORS)) one.remove();
  for (const one of page.querySelectorAll("*"))
    for (const name of LEADS) {
      const to = one.getAttribute(name)?.trim();
      if (to !== undefined && !to.startsWith("#") && !/^data:(image|font)\//i.test(to)) one.removeAttribute(name);
    }
  return page.documentElement.outerHTML;
}

/** A picture in the frame cannot run what is in it, twice over. */
function pictured(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `<style>body{margin:0;background:#fff}img{display:block;max-width:100%;height:auto;margin:auto}</style><img alt="" src="data:image/svg+xml;base64,${btoa(binary)}">`;
}

export function Frame({ text, kind, title }: { text: string; kind: "html" | "svg"; title: string }) {
  return (
    <div class="stack tight">
      <iframe class="closed-frame" sandbox="" title={title} referrerpolicy="no-referrer" srcdoc={HEAD + (kind === "svg" ? pictured(text) : closed(text))} />
      <p class="faint small">Shown in a closed frame: nothing in it runs, and it connects nowhere. {kind === "html" ? "A page that draws itself by a script stays empty here; download it to open it." : ""}</p>
    </div>
  );
}
