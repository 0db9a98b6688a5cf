import { defineViewerElement } from "@ama-sam/viewer";
import { render } from "preact";
import { App } from "./app";

defineViewerElement();
render(<App onReady={keepForOffline} />, document.getElementById("app")!);

/** Works offline once loaded; where service workers are refused, the page works as long as it stays open. */
function keepForOffline(): void {
  // Only now, because this fetches every part of the page: what the first image needs goes first.
  if (import.meta.env.PROD && "serviceWorker" in navigator)
    navigator.serviceWorker.register(new URL("./offline.js", location.href)).catch(() => undefined);
}
