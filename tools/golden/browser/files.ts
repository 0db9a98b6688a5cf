// What the golden reader takes of node:fs, node:path and node:url, in a worker: files are fetched, and waited for where they are asked for.

function request(method: "GET" | "HEAD", path: string): XMLHttpRequest {
  const xhr = new XMLHttpRequest();
  xhr.open(method, path, false);
  xhr.responseType = "arraybuffer";
  xhr.send();
  return xhr;
}

export function existsSync(path: string): boolean {
  return request("HEAD", path).status === 200;
}

export function readFileSync(path: string, encoding?: string): Uint8Array | string {
  const { status, response } = request("GET", path);
  if (status !== 200) throw new Error(`${path}: ${status}`);
  const bytes = new Uint8Array(response as ArrayBuffer);
  return encoding ? new TextDecoder().decode(bytes) : bytes;
}

export function readdirSync(path: string): string[] {
  throw new Error(`a browser cannot list ${path}`);
}

export const join = (...parts: string[]): string => parts.join("/");
export const dirname = (path: string): string => path.replace(/\/[^/]*$/, "");
export const fileURLToPath = (url: string | URL): string => String(url);
