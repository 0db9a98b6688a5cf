import { TroubleError } from "./failures";

/** Files that lie beside the page. */
interface Carried {
  samples: string[];
  models: string[];
}

let list: Promise<Carried> | null = null;

/** Where the page lies: one folder above the worker's script in a build, the root while developing. */
function pageUrl(path: string): URL {
  const script = new URL(import.meta.url);
  const above = script.pathname.includes("/assets/") ? "../" : "/";
  return new URL(above + path, script);
}

/** A file that lies beside the page. */
export async function fetchCarried(path: string): Promise<Uint8Array> {
  const response = await fetch(pageUrl(path));
  if (!response.ok) throw new TroubleError("input", `${path} is missing beside the page (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}

/** What lies beside the page. */
export function carriedList(): Promise<Carried> {
  list ??= fetchCarried("carried.json").then((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Carried);
  return list;
}
