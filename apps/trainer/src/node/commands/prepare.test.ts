import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveConfig } from "ama-sam";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../cli";
import { openRunData } from "../session/open-data";
import { testIo } from "../test-io";

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-prepare-"));
  const examples = new URL("../../../../../examples/data/dsb_fluo", import.meta.url);
  await cp(examples, join(root, "data/fluo"), { recursive: true });
});

afterAll(() => rm(root, { recursive: true, force: true }));

// A data set's folder is often read-only, so that the manifest has to lie elsewhere.
test.each(["data/fluo/manifest.json", "fluo.json", "kept/apart/fluo.json"])(
  "a run reads its images by the manifest %s",
  async (out) => {
    const io = testIo(root);
    expect(await main(["prepare", "data/fluo", "--out", out], io), io.stderr()).toBe(0);
    expect(io.stdout()).toContain("12 images");
    const path = join(root, out);
    const data = await openRunData(resolveConfig({ data: { primary: { path }, validation: { fraction: 0 } } }));
    expect([data.primary.items.length, data.test.length]).toEqual([9, 3]);
    expect((await data.primary.items[0]!.load()).image.width).toBe(256);
    // Named by the manifest, which is named by the folder.
    expect(data.primary.name).toBe("fluo");
    expect([...data.folders.values()]).toEqual([join(root, "data/fluo")]);
    expect(await readFile(path, "utf8")).not.toContain(root);
  },
);
