import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driversAreSet, findDrivers, findExtraDrivers, findLavapipe, withDrivers } from "./drivers";

describe("withDrivers", () => {
  it("names the drivers while the function runs, and puts back what was set and what was not", () => {
    const before = { ...process.env };
    process.env.VK_ICD_FILENAMES = "/user/icd.json";
    process.env.VK_ADD_DRIVER_FILES = "/more/icd.json";
    delete process.env.VK_DRIVER_FILES;
    try {
      const seen = withDrivers(["/a.json", "/b.json"], () => ({ ...process.env }));
      expect(seen).toMatchObject({ VK_ICD_FILENAMES: "/a.json:/b.json", VK_DRIVER_FILES: "/a.json:/b.json" });
      expect(seen.VK_ADD_DRIVER_FILES).toBeUndefined();
      expect(process.env.VK_ICD_FILENAMES).toBe("/user/icd.json");
      expect(process.env.VK_ADD_DRIVER_FILES).toBe("/more/icd.json");
      expect("VK_DRIVER_FILES" in process.env).toBe(false);
      const fail = () => {
        throw new Error("no");
      };
      expect(() => withDrivers(["/a.json"], fail)).toThrow("no");
      expect(process.env.VK_ICD_FILENAMES).toBe("/user/icd.json");
      expect(withDrivers("environment", () => process.env.VK_ICD_FILENAMES)).toBe("/user/icd.json");
    } finally {
      for (const name of ["VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES", "VK_DRIVER_FILES"]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  });
});

describe.runIf(process.platform === "linux")("finding ICD files", () => {
  const root = mkdtempSync(join(tmpdir(), "dawn-drivers-"));
  const folder = join(root, "vulkan", "icd.d");
  const other = process.arch === "x64" ? "aarch64" : "x86_64";
  const icd = JSON.stringify({ ICD: { library_path: "libvulkan_lvp.so" } });

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of [
      [`lvp_icd.${other}.json`, icd],
      ["lvp_icd.broken.json", "{"],
      ["lvp_icd.json.bak", icd],
      ["other_icd.json", icd],
    ]) {
      writeFileSync(join(folder, name), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it("takes lavapipe's for this processor only, those that the environment names first", () => {
    // XDG_DATA_HOME comes before the machine's own folders.
    const env = { XDG_DATA_HOME: root, XDG_DATA_DIRS: "/nowhere" };
    expect(findLavapipe(env).some((path) => path.startsWith(root))).toBe(false);
    writeFileSync(join(folder, "lvp_icd.json"), icd);
    expect(findLavapipe(env)).toEqual([join(folder, "lvp_icd.json")]);
    const named = join(root, "lvp_icd.mine.json");
    writeFileSync(named, icd);
    expect(findLavapipe({ ...env, VK_ICD_FILENAMES: `/none.json:${named}` })).toEqual([named]);
  });

  it("knows whether there is any driver to look for", () => {
    expect(findDrivers({ XDG_DATA_HOME: root, XDG_DATA_DIRS: "/nowhere" })).toBe(true);
    expect(findDrivers({ XDG_DATA_HOME: "/nowhere", XDG_DATA_DIRS: "/nowhere", VK_DRIVER_FILES: "/a.json" })).toBe(
      true,
    );
    expect(driversAreSet({ VK_ICD_FILENAMES: "" })).toBe(false);
    expect(findExtraDrivers({ VK_ICD_FILENAMES: "/a.json" })).toEqual([]);
  });
});
