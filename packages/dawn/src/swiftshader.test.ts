import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AdapterError } from "./errors";
import { cacheRoots, isSwiftShaderPlatform, provide } from "./swiftshader";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "dawn-cache-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

it("unpacks into the user's cache, else into a folder of the user's own in the temporary one", () => {
  const [first, ...rest] = cacheRoots({ XDG_CACHE_HOME: "/caches" });
  expect(first).toBe("/caches/ama-sam");
  expect(rest.at(-1)).toBe(join(tmpdir(), `ama-sam-${process.getuid?.() ?? "user"}`));
  // A relative path is invalid by the XDG specification.
  expect(cacheRoots({ XDG_CACHE_HOME: "caches" })[0]).not.toContain("caches/ama-sam");
});

it("says plainly where there is none", async () => {
  for (const [platform, arch] of [
    ["darwin", "arm64"],
    ["win32", "x64"],
    ["linux", "arm64"],
  ] as const) {
    const error = await provide([root], { platform, arch }).catch((e: unknown) => e);
    expect(AdapterError.isInstance(error) && error.reason).toBe("unsupported");
    expect(String(error)).toContain(`Got ${platform}-${arch}. Expected linux-x64`);
  }
});

describe.runIf(isSwiftShaderPlatform())("the bundled SwiftShader", () => {
  it("is unpacked once, and again when a file is damaged", async () => {
    const first = await provide([root]);
    const before = statSync(first.driver);
    expect(before.size).toBeGreaterThan(1_000_000);
    expect((await provide([root])).driver).toBe(first.driver);
    expect(statSync(first.driver).ino).toBe(before.ino);
    // A new file of the same name: the old one may still be mapped.
    rmSync(first.driver);
    writeFileSync(first.driver, "damaged");
    const again = await provide([root]);
    expect(again.driver).toBe(first.driver);
    expect(statSync(again.driver).size).toBe(before.size);
    rmSync(first.loader);
    await provide([root]);
    expect(statSync(first.loader).size).toBeGreaterThan(100_000);
  });

  it("leaves no other folder behind, and clears what a killed process left", async () => {
    const { folder } = await provide([root]);
    expect(readdirSync(root)).toHaveLength(1);
    rmSync(folder, { recursive: true });
    const [old, young] = [`${folder}.new-1-abc`, `${folder}.new-2-def`];
    mkdirSync(old);
    mkdirSync(young);
    utimesSync(old, 0, 0);
    await provide([root]);
    expect(readdirSync(root).sort()).toEqual([folder, young].map((path) => path.slice(root.length + 1)).sort());
  });

  it("goes on to the next folder when one cannot be used, and says why when none can", async () => {
    const file = join(root, "file");
    writeFileSync(file, "");
    const open = join(root, "open-to-all");
    mkdirSync(open);
    chmodSync(open, 0o777);
    const good = join(root, "good");
    expect((await provide([join(file, "x"), open, good])).folder.startsWith(good)).toBe(true);
    const error = await provide([join(file, "x"), open]).catch((e: unknown) => e);
    expect(AdapterError.isInstance(error) && error.reason).toBe("bundle");
    expect(String(error)).toMatch(
      /ENOTDIR.*open-to-all belongs to, or can be written by, another user.*XDG_CACHE_HOME/,
    );
  });

  it("survives processes that unpack at the same moment", async () => {
    const code = `import { provide } from ${JSON.stringify(new URL("./swiftshader.ts", import.meta.url).href)};
      const { driver } = await provide([${JSON.stringify(root)}]); console.log(driver);`;
    const run = () =>
      new Promise<string>((done, fail) => {
        const cwd = fileURLToPath(new URL("../../..", import.meta.url));
        const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], { cwd });
        let text = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (text += chunk));
        child.on("error", fail);
        child.on("close", (exit) => (exit === 0 ? done(text.trim()) : fail(new Error(text))));
      });
    const drivers = await Promise.all([run(), run(), run(), run()]);
    expect(new Set(drivers).size).toBe(1);
    expect(readdirSync(root).filter((name) => !name.includes(".bad-"))).toHaveLength(1);
  });
});
