import { defineViewerElement } from "@ama-sam/viewer";
import { render } from "preact";
import { App } from "./app";

defineViewerElement();
render(<App />, document.getElementById("app")!);
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  // Works offline once loaded; where service workers are refused, the page works as long as it stays open.
  navigator.serviceWorker.register(new URL("./offline.js", location.href)).catch(() => undefined);
}
