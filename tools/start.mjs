// npm start: builds the page if it is missing or older than its sources, serves it on this computer alone, and prints the address.
// npm start -- --port 8080 --no-build
import { spawn } from "node:child_process";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createGzip } from "node:zlib";
import "./usage.mjs";
import { files, root } from "./workspace.mjs";

const app = join(root, "apps/trainer");
const built = join(app, "dist/page");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".md": "text/markdown; charset=utf-8",
};

/** Whether any source is newer than the build. */
function isStale() {
  const page = join(built, "index.html");
  if (!existsSync(page)) return true;
  const at = statSync(page).mtimeMs;
  const sources = ["apps/trainer/src/browser", "apps/trainer/models", "packages", "examples/data"].flatMap((dir) =>
    files(
      dir,
      (name) => /\.(tsx?|wgsl|css|html|svg|safetensors|png)$/.test(name) && !/\.(test|bench)\.tsx?$/.test(name),
    ),
  );
  return [...sources, "apps/trainer/vite.config.ts"].some((path) => statSync(join(root, path)).mtimeMs > at);
}

/** Builds the page with Vite. */
export function buildPage({ quiet = false } = {}) {
  return new Promise((done, fail) => {
    const args = [
      join(root, "node_modules/vite/bin/vite.js"),
      "build",
      "-c",
      "vite.config.ts",
      "--logLevel",
      quiet ? "error" : "warn",
    ];
    const env = { ...process.env, VITE_CONFIG_NATIVE_IGNORE_WARNING: "true", NODE_ENV: "production" };
    const child = spawn(process.execPath, args, { cwd: app, stdio: ["ignore", "inherit", "inherit"], env });
    child.on("exit", (code) =>
      code === 0 ? done() : fail(new Error(`the page could not be built (vite ended with ${code})`)),
    );
  });
}

/** The file below `folder` that a request means, or null: nothing outside of it, no hidden files. */
function fileFor(folder, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return null;
  }
  if (path.includes("\0")) return null;
  const file = normalize(join(folder, path.endsWith("/") ? `${path}index.html` : path));
  if (
    !file.startsWith(folder + sep) ||
    file
      .slice(folder.length)
      .split(sep)
      .some((part) => part.startsWith("."))
  )
    return null;
  return existsSync(file) && statSync(file).isFile() ? file : null;
}

/** Serves a folder on 127.0.0.1; resolves to the server and its address. Port 0 takes any free one; `first` may answer before. */
export function servePage({ folder = built, port = 0, first } = {}) {
  const server = createServer((request, response) => {
    if (first?.(request, response)) return;
    const file = request.method === "GET" || request.method === "HEAD" ? fileFor(folder, request.url ?? "/") : null;
    if (!file) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
      return;
    }
    const { size } = statSync(file);
    const headers = {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "accept-ranges": "bytes",
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(size - 1, Number(range[2])) : size - 1;
    if (range && start > end) {
      response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      return;
    }
    if (
      !range &&
      request.method === "GET" &&
      /\.(js|css|html|json)$/.test(file) &&
      /\bgzip\b/.test(request.headers["accept-encoding"] ?? "")
    ) {
      delete headers["accept-ranges"];
      response.writeHead(200, { ...headers, "content-encoding": "gzip" });
      createReadStream(file).pipe(createGzip()).pipe(response);
      return;
    }
    response.writeHead(range ? 206 : 200, {
      ...headers,
      "content-length": Math.max(0, end - start + 1),
      ...(range && { "content-range": `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === "HEAD" || size === 0) response.end();
    else
      createReadStream(file, { start, end })
        .on("error", () => response.destroy())
        .pipe(response);
  });
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => done({ server, url: `http://127.0.0.1:${server.address().port}/` }));
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "4173" },
      "no-build": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const port = Number(values.port);
  if (!(Number.isInteger(port) && port > 0 && port < 65536)) {
    console.error(`--port is a number from 1 to 65535. Got ${values.port}`);
    process.exitCode = 2;
    return;
  }
  if (values.help) {
    console.log("npm start -- [--port N] [--no-build]\n\nBuilds the page if needed and serves it on this computer.");
    return;
  }
  if (!values["no-build"] && isStale()) {
    console.log("building the page ...");
    await buildPage();
  }
  const { url } = await servePage({ port }).catch((error) => {
    if (error.code !== "EADDRINUSE") throw error;
    return servePage({ port: 0 });
  });
  console.log(`AMA-SAM is at ${url}  (Ctrl-C ends it; nothing leaves this computer)`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
