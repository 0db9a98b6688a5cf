/** Helpers for relative POSIX paths, the only kind that a `FileSource` speaks. */

/** True for what archives and desktops leave behind: `__MACOSX/`, `._*`, `.DS_Store`, `Thumbs.db`, `desktop.ini`. */
export function isJunkPath(path: string): boolean {
  return path
    .split("/")
    .some(
      (part) => part === "__MACOSX" || part.startsWith("._") || /^(\.ds_store|thumbs\.db|desktop\.ini)$/i.test(part),
    );
}

/** `a/b/c.tar.gz` -> `c.tar.gz`. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `a/b/c.png` -> `a/b`; a bare file name gives the empty string. */
export function dirName(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Where the extension's dot is: `.gz` and what was packed are one extension, as in `x.geojson.gz`. */
function extensionDot(base: string): number {
  const dot = base.lastIndexOf(".");
  const before = dot > 0 && base.slice(dot).toLowerCase() === ".gz" ? base.lastIndexOf(".", dot - 1) : dot;
  return before > 0 ? before : dot;
}

/** Lower-case extension without the dot: `x.TIFF` -> `tiff`, `x.json.gz` -> `json.gz`; none gives the empty string. */
export function extension(path: string): string {
  const base = baseName(path);
  const dot = extensionDot(base);
  return dot <= 0 ? "" : base.slice(dot + 1).toLowerCase();
}

/** File name without its extension: ids may hold dots themselves (`HE.01.png` -> `HE.01`). */
export function stem(path: string): string {
  const base = baseName(path);
  const dot = extensionDot(base);
  return dot <= 0 ? base : base.slice(0, dot);
}

/** Folder names as reposts write them, made equal: `Tissue_Images`, `tissue-images` and `Tissue images` -> `tissue images`. */
export function normalName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[\s_-]+/g, " ")
    .trim();
}

/** The folders of a path, normalised with `normalName`, outermost first. */
export function normalFolders(path: string): string[] {
  const dir = dirName(path);
  return dir === "" ? [] : dir.split("/").map(normalName);
}

/** Extensions that `decodeImage` may be asked to read. */
const imageExtensions = new Set(["png", "tif", "tiff", "jpg", "jpeg"]);

/** True when the extension is one of a picture (PNG, TIFF, JPEG). */
export function isImagePath(path: string): boolean {
  return imageExtensions.has(extension(path));
}

/** True when the extension is `.tif` or `.tiff`. */
export function isTiffPath(path: string): boolean {
  const ext = extension(path);
  return ext === "tif" || ext === "tiff";
}

/** Orders strings by code unit, so that every machine and locale agrees; numbers inside names are not special. */
export function comparePaths(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
