import type { Plugin } from "vite";

/** The service worker's script: the page from the cache, with or without a network. `FILES` and `VERSION` are put in by the build. */
const SCRIPT = `const NAME = "ama-sam-" + VERSION;
self.addEventListener("install", (event) => {
  // A new build waits until no page of the old one is open: parts of a page are fetched when they are needed, and must be of its build.
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("ama-sam-") && name !== NAME).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin || request.headers.has("range")) return;
  event.respondWith(
    caches.open(NAME).then(async (cache) => {
      const found = await cache.match(request, { ignoreSearch: true });
      if (found) return found;
      const response = await fetch(request);
      // Samples alone: weights that lie on this very host are kept by the page, and need not be kept twice.
      if (response.status === 200 && request.url.includes("/samples/")) cache.put(request, response.clone()).catch(() => undefined);
      return response;
    }),
  );
});
`;

/** Writes \`offline.js\`: once loaded, the page works without a network. Samples are kept when they are first used. */
export function offline(): Plugin {
  return {
    name: "offline",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = Object.values(bundle).filter(
        ({ fileName }) => !fileName.startsWith("samples/") && !fileName.endsWith(".map") && fileName !== "index.html",
      );
      let hash = 0x811c9dc5; // FNV-1a: tells one build from another, guards nothing
      for (const file of Object.values(bundle))
        for (const char of file.fileName + (file.type === "chunk" ? file.code : file.source))
          hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193);
      const list = ["./", ...files.map(({ fileName }) => `./${fileName}`)];
      const head = `const VERSION = ${JSON.stringify((hash >>> 0).toString(16))};\nconst FILES = ${JSON.stringify(list)};\n`;
      this.emitFile({ type: "asset", fileName: "offline.js", source: head + SCRIPT });
    },
  };
}
