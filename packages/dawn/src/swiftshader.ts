import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { AdapterError } from "./errors";
import { loadFailure } from "./loader";
import { readTar } from "./tar";

/** The software adapter that npm brings along. */
export interface SwiftShader {
  /** Folder that holds the files below. */
  folder: string;
  /** `libvk_swiftshader.so`, the driver. */
  driver: string;
  /** The file for `VK_DRIVER_FILES`. */
  icd: string;
  /** A Vulkan loader (`libvulkan.so.1`) for systems without one. */
  loader: string;
}

const PACKAGE = "@sparticuz/chromium";
const DRIVER = "libvk_swiftshader.so";
const LOADER = "libvulkan.so.1";
const ICD = "vk_swiftshader_icd.json";
const MANIFEST = "sha256.json";
const FILES = [DRIVER, LOADER, ICD];
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;
const STALE_MS = 60 * 60 * 1000;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

type System = Pick<NodeJS.Process, "platform" | "arch">;

/** Whether the bundled adapter's files fit this machine (x64 Linux only). */
export function isSwiftShaderPlatform({ platform, arch }: System = process): boolean {
  return platform === "linux" && arch === "x64";
}

/** Path of the archive inside the installed package, found without running the package's code; null where it is not installed. */
export function findArchive(): string | null {
  // Bundlers move this file, so the caller's own folder is searched as well.
  for (const from of [import.meta.url, pathToFileURL(join(process.cwd(), "package.json")).href]) {
    let folder: string;
    try {
      folder = dirname(createRequire(from).resolve(PACKAGE));
    } catch {
      continue;
    }
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = join(folder, "package.json");
      if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).name !== PACKAGE) continue;
      const archive = join(folder, "bin", "swiftshader.tar.br");
      if (existsSync(archive)) return archive;
      break;
    }
  }
  return null;
}

/** Folders that may receive the unpacked files, best first: the user's cache, then the system's temporary folder. */
export function cacheRoots(env: NodeJS.ProcessEnv = process.env): string[] {
  const roots = [];
  if (env.XDG_CACHE_HOME?.startsWith("/")) roots.push(join(env.XDG_CACHE_HOME, "ama-sam"));
  try {
    roots.push(join(homedir(), ".cache", "ama-sam"));
  } catch {
    // no home folder at all
  }
  roots.push(join(tmpdir(), `ama-sam-${process.getuid?.() ?? "user"}`));
  return [...new Set(roots)];
}

/** Libraries are run from here, so nobody else may be able to write here (a shared temporary folder is open to all). */
async function assertPrivate(folder: string): Promise<void> {
  const { uid, mode } = await stat(folder);
  if (uid !== process.getuid?.() || (mode & 0o002) !== 0) {
    throw new Error(`${folder} belongs to, or can be written by, another user`);
  }
}

/** Whether the folder holds exactly what its manifest says. */
async function isIntact(folder: string): Promise<boolean> {
  try {
    await assertPrivate(folder);
    const sums = JSON.parse(await readFile(join(folder, MANIFEST), "utf8")) as Record<string, string>;
    const checks = FILES.map(async (name) => sha256(await readFile(join(folder, name))) === sums[name]);
    return (await Promise.all(checks)).every(Boolean);
  } catch {
    return false;
  }
}

function readArchive(packed: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const archive = brotliDecompressSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  for (const { name, bytes } of readTar(archive)) {
    const plain = name.replace(/^\.\//, "");
    if (FILES.includes(plain)) files.set(plain, bytes);
  }
  const missing = FILES.filter((name) => !files.has(name));
  if (missing.length > 0) throw new Error(`the archive lacks ${missing.join(", ")}`);
  return files;
}

async function removeStale(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!/^swiftshader-.*\.(new|bad)-/.test(name)) continue;
    const path = join(root, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Fills `root/swiftshader-HASH` through a folder of its own and one rename, so that two processes may do so at once. */
async function unpackInto(root: string, packed: Uint8Array): Promise<string> {
  const folder = join(root, `swiftshader-${sha256(packed).slice(0, 16)}`);
  if (await isIntact(folder)) return folder;
  await mkdir(root, { recursive: true, mode: 0o700 });
  await assertPrivate(root);
  await removeStale(root).catch(() => {});
  const unique = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const fresh = `${folder}.new-${unique}`;
  try {
    await mkdir(fresh, { mode: 0o700 });
    const sums: Record<string, string> = {};
    for (const [name, bytes] of readArchive(packed)) {
      await writeFile(join(fresh, name), bytes);
      await chmod(join(fresh, name), 0o700);
      sums[name] = sha256(bytes);
    }
    await writeFile(join(fresh, MANIFEST), JSON.stringify(sums, null, 1));
    for (let attempt = 0; ; attempt++) {
      try {
        await rename(fresh, folder);
        break;
      } catch (error) {
        // Another process was first; what it left counts if it is whole, else it is set aside.
        if (await isIntact(folder)) break;
        if (attempt >= 3) throw error;
        await rename(folder, `${folder}.bad-${unique}-${attempt}`).catch(() => {});
      }
    }
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  if (!(await isIntact(folder))) throw new Error(`${folder} does not hold what was written`);
  return folder;
}

let unpacked: Promise<SwiftShader> | null = null;

/**
 * The bundled software adapter, unpacked into the user's cache on first use (7 MB) and checked by SHA-256 on every later one.
 * @throws AdapterError `unsupported` off x64 Linux; `bundle` when the optional dependency is missing or no folder can be used.
 */
export function provideSwiftShader(): Promise<SwiftShader> {
  unpacked ??= provide(cacheRoots());
  unpacked.catch(() => {
    unpacked = null;
  });
  return unpacked;
}

/** @internal As {@link provideSwiftShader}, into given folders and without memory. */
export async function provide(roots: readonly string[], system: System = process): Promise<SwiftShader> {
  const op = "openGpu";
  if (!isSwiftShaderPlatform(system)) {
    throw new AdapterError(
      op,
      "unsupported",
      `no bundled software adapter for this platform. Got ${system.platform}-${system.arch}. Expected linux-x64. Use a GPU with its driver.`,
    );
  }
  const archive = findArchive();
  if (!archive) {
    throw new AdapterError(
      op,
      "bundle",
      `the bundled software adapter is not installed. Expected the optional dependency ${PACKAGE}. Install without --omit=optional, or run: npm install ${PACKAGE}@143.0.4`,
    );
  }
  const packed = await readFile(archive);
  const failures: string[] = [];
  for (const root of roots) {
    try {
      const folder = await unpackInto(root, packed);
      const found = { folder, driver: join(folder, DRIVER), icd: join(folder, ICD), loader: join(folder, LOADER) };
      // A folder mounted noexec, or a C library that is too old, shows here with the system's own words.
      const failure = loadFailure(found.driver);
      if (failure) throw new Error(failure);
      return found;
    } catch (error) {
      failures.push(`${root}: ${(error as Error).message}`);
    }
  }
  throw new AdapterError(
    op,
    "bundle",
    `the bundled software adapter cannot be used from any folder. Got ${failures.join("; ")}. Expected a folder that this user can write to and run libraries from. Set XDG_CACHE_HOME to one.`,
  );
}
