import { openCheckpoint, Sha256 } from "@ama-sam/checkpoint";
import { savedModelInfo } from "ama-sam";
import { TroubleError } from "../engine/failures";
import type { Progress, StoredWeights } from "../engine/protocol";
import { OpfsStorage, privateFolder, type SyncAccessHandle, syncAccess } from "./opfs";

const FOLDER = "weights";
const INDEX = "index.json";

interface Download {
  etag: string | null;
}

/** Weights files in this browser, by SHA-256; in memory where it refuses storage. */
export class WeightsStore {
  readonly #memory = new Map<string, { facts: StoredWeights; blob: Blob }>();
  #persistent: boolean | null = null;

  /** Whether files outlive the page. */
  async isPersistent(): Promise<boolean> {
    this.#persistent ??= await OpfsStorage.open(FOLDER)
      .then((storage) => storage.write("probe", new Uint8Array(1)).then(() => storage.remove("probe")))
      .then(
        () => true,
        () => false,
      );
    return this.#persistent;
  }

  async list(): Promise<StoredWeights[]> {
    const kept = (await this.isPersistent()) ? await this.#index() : [];
    return [...kept, ...[...this.#memory.values()].map(({ facts }) => facts)];
  }

  /** The file of a hash, of which nothing is read yet. */
  async open(sha256: string): Promise<Blob> {
    const held = this.#memory.get(sha256);
    if (held) return held.blob;
    return (await OpfsStorage.open(FOLDER)).file(`${sha256}.bin`);
  }

  async remove(sha256: string): Promise<void> {
    this.#memory.delete(sha256);
    if (!(await this.isPersistent())) return;
    const storage = await OpfsStorage.open(FOLDER);
    await this.#writeIndex((await this.#index()).filter((entry) => entry.sha256 !== sha256));
    await storage.remove(`${sha256}.bin`);
  }

  /** Takes in a picked file: hashed, checked to be weights, kept. */
  async addFile(
    file: Blob,
    name: string,
    onProgress: (p: Progress) => void,
    signal: AbortSignal,
  ): Promise<StoredWeights> {
    const stream = file.stream();
    return this.#take({ name, origin: "file", total: file.size, stream, offset: 0, key: null, onProgress, signal });
  }

  /** Downloads weights; a download that broke off goes on where it stopped, if the server can. */
  async addUrl(url: string, onProgress: (p: Progress) => void, signal: AbortSignal): Promise<StoredWeights> {
    let address: URL;
    try {
      address = new URL(url);
    } catch {
      throw new TroubleError("input", `This is no address: ${url}`);
    }
    const key = `download-${await hashText(address.href)}`;
    const { offset, etag } = await this.#partial(key);
    const headers: Record<string, string> =
      offset > 0 ? { Range: `bytes=${offset}-`, ...(etag && { "If-Range": etag }) } : {};
    const response = await fetch(address, { headers, signal, referrerPolicy: "no-referrer", credentials: "omit" });
    if (!response.ok || !response.body)
      throw new TroubleError("input", `${address.host} answered ${response.status} ${response.statusText}.`);
    const from = response.status === 206 ? offset : 0;
    const total = from + Number(response.headers.get("content-length") ?? 0);
    const name = decodeURIComponent(address.pathname.split("/").at(-1) || address.host);
    await this.#note(key, { etag: response.headers.get("etag") });
    return this.#take({
      name,
      origin: address.origin + address.pathname,
      total,
      stream: response.body,
      offset: from,
      key,
      onProgress,
      signal,
    });
  }

  async #take(job: {
    name: string;
    origin: string;
    total: number;
    stream: ReadableStream<Uint8Array>;
    offset: number;
    key: string | null;
    onProgress: (p: Progress) => void;
    signal: AbortSignal;
  }): Promise<StoredWeights> {
    const sink = (await this.isPersistent()) ? await fileSink(job.key ?? "incoming", job.offset) : memorySink();
    const { name, origin, total, stream, onProgress, signal } = job;
    let done = job.offset;
    const reader = stream.getReader();
    try {
      for (;;) {
        signal.throwIfAborted();
        const { value, done: end } = await reader.read();
        if (end) break;
        sink.write(value, done);
        done += value.length;
        onProgress({ what: `Receiving ${name}`, done, total: Math.max(total, done) });
      }
    } catch (error) {
      await reader.cancel().catch(() => undefined);
      sink.close();
      if (error instanceof TypeError)
        throw new TroubleError("download", `${name}: ${done} of ${total || "?"} bytes came.`, { cause: error });
      throw error;
    }
    sink.close();
    const blob = await sink.blob();
    const facts = await describe(blob, name, origin, onProgress).catch(async (error: unknown) => {
      await sink.discard(); // not weights at all: nothing to go on from
      throw error;
    });
    if (sink.keep) {
      await sink.keep(`${facts.sha256}.bin`);
      await this.#writeIndex([...(await this.#index()).filter(({ sha256 }) => sha256 !== facts.sha256), facts]);
      if (job.key) await (await OpfsStorage.open(FOLDER)).remove(`${job.key}.json`);
      await navigator.storage.persist?.().catch(() => false); // asked; a refusal changes nothing here
    } else this.#memory.set(facts.sha256, { facts, blob });
    return facts;
  }

  async #index(): Promise<StoredWeights[]> {
    try {
      const bytes = await (await OpfsStorage.open(FOLDER)).read(INDEX);
      return JSON.parse(new TextDecoder().decode(bytes)) as StoredWeights[];
    } catch {
      return [];
    }
  }

  async #writeIndex(list: StoredWeights[]): Promise<void> {
    await (await OpfsStorage.open(FOLDER)).write(INDEX, new TextEncoder().encode(JSON.stringify(list)));
  }

  async #partial(key: string): Promise<{ offset: number; etag: string | null }> {
    if (!(await this.isPersistent())) return { offset: 0, etag: null };
    try {
      const storage = await OpfsStorage.open(FOLDER);
      const { etag } = JSON.parse(new TextDecoder().decode(await storage.read(`${key}.json`))) as Download;
      return { offset: (await storage.file(key)).size, etag };
    } catch {
      return { offset: 0, etag: null };
    }
  }

  async #note(key: string, download: Download): Promise<void> {
    if (await this.isPersistent())
      await (await OpfsStorage.open(FOLDER)).write(`${key}.json`, new TextEncoder().encode(JSON.stringify(download)));
  }
}

interface Sink {
  write(bytes: Uint8Array, at: number): void;
  close(): void;
  blob(): Promise<Blob>;
  discard(): Promise<void>;
  keep?: (name: string) => Promise<void>;
}

async function fileSink(name: string, offset: number): Promise<Sink> {
  const folder = await (await privateFolder()).getDirectoryHandle(FOLDER, { create: true });
  const file = (await folder.getFileHandle(name, { create: true })) as FileSystemFileHandle & {
    move?: (name: string) => Promise<void>;
  };
  const access: SyncAccessHandle = await syncAccess(file);
  access.truncate(offset);
  return {
    write(bytes, at) {
      if (access.write(bytes, { at }) !== bytes.length)
        throw new DOMException("the storage is full", "QuotaExceededError");
    },
    close: () => access.close(),
    blob: () => file.getFile(),
    discard: () => folder.removeEntry(name),
    keep: async (final) => {
      if (file.move) await file.move(final);
      else throw new TroubleError("storage-refused", "This browser cannot rename stored files.");
    },
  };
}

function memorySink(): Sink {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: (bytes) => void pieces.push(bytes.slice()),
    close: () => undefined,
    blob: async () => new Blob(pieces),
    discard: async () => undefined,
  };
}

async function describe(
  blob: Blob,
  name: string,
  origin: string,
  onProgress: (p: Progress) => void,
): Promise<StoredWeights> {
  const checkpoint = await openCheckpoint(blob);
  const info = savedModelInfo(checkpoint);
  const hash = new Sha256();
  const step = 8 * 2 ** 20;
  for (let at = 0; at < blob.size; at += step) {
    hash.update(new Uint8Array(await blob.slice(at, at + step).arrayBuffer()));
    onProgress({ what: `Checking ${name}`, done: Math.min(blob.size, at + step), total: blob.size });
  }
  const kind = info ? `AMA-SAM, ${info.kind}` : "SAM";
  return { sha256: hash.hex(), name, bytes: blob.size, kind, origin, added: new Date().toISOString() };
}

async function hashText(text: string): Promise<string> {
  return new Sha256().update(new TextEncoder().encode(text)).hex().slice(0, 24);
}
