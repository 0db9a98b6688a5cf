import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "./cli";
import { isLock } from "./files/run-lock";
import { parseCsv } from "./output/csv";
import { testIo } from "./test-io";

let root = "";
const EXAMPLES = new URL("../../../../examples/data/", import.meta.url).pathname;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-commands-"));
  for (const set of ["dsb_fluo", "dsb_pink_he", "dsb_lilac_high"])
    await cp(join(EXAMPLES, set), join(root, set), { recursive: true });
  await writeFile(
    join(root, "tiny.yaml"),
    `model: { preset: nano, overrides: { encoder: { depth: 1, globalBlocks: [0] } } }
data:
  primary: { path: dsb_fluo, limit: 3 }
  auxiliary: [{ path: dsb_pink_he }, { path: dsb_lilac_high }]
  validation: { fraction: 0.3 }
train: { epochs: 50, steps: 4, batch: 2, lr: 1e-3 }
`,
  );
});

afterAll(() => rm(root, { recursive: true, force: true }));

async function run(line: string, stopAfterSteps?: number): Promise<{ code: number; out: string; err: string }> {
  const io = testIo(root, process.env);
  const { err } = io;
  if (stopAfterSteps !== undefined) {
    io.err = (text) => {
      err(text);
      if (text.startsWith(`step ${stopAfterSteps}/`)) io.stop.request("SIGTERM");
    };
  }
  const code = await main(line.split(" "), io);
  return { code, out: io.stdout(), err: io.stderr() };
}

test("train, stop, resume: the end is that of a run that never stopped", async () => {
  const whole = await run("train tiny.yaml --out whole --probe-every 3");
  expect(whole.err + whole.out).toContain("report.html");
  expect(whole.code).toBe(0);
  const stopped = await run("train tiny.yaml --out parts --probe-every 3", 1);
  expect(stopped.code).toBe(75);
  expect(stopped.err).toContain("Go on with: ama-sam train --resume");
  expect((await readdir(join(root, "parts"))).filter(isLock)).toEqual([]);
  const resumed = await run("train --resume parts --json");
  expect(resumed.code).toBe(0);
  const events = resumed.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ type: "result", step: 4 });
  for (const file of ["metrics.csv", "model.safetensors", "per-image.csv", "config.yaml", "splits.json"])
    expect(await readFile(join(root, "parts", file)), file).toEqual(await readFile(join(root, "whole", file)));
  const probes = async (folder: string) =>
    [...(await readFile(join(root, folder, "metrics.jsonl"), "utf8")).matchAll(/"type":"probe","step":(\d+)/g)].map(
      ([, at]) => Number(at),
    );
  expect([await probes("whole"), await probes("parts")]).toEqual([
    [0, 3, 4],
    [0, 3, 4],
  ]);
  const files = await readdir(join(root, "whole"));
  for (const file of [
    "MODEL_CARD.md",
    "env.json",
    "metrics.jsonl",
    "previews",
    "report.html",
    "tb",
    "overlays",
    "checkpoints",
  ])
    expect(files).toContain(file);
  expect(files.filter(isLock)).toEqual([]);
});

test("what travels names no folder of this machine", async () => {
  const folder = join(root, "whole");
  const checkpoints = await readdir(join(folder, "checkpoints"), { recursive: true });
  const weights = checkpoints.filter((name) => name.endsWith(".safetensors")).map((name) => `checkpoints/${name}`);
  expect(weights.length).toBeGreaterThan(1);
  for (const file of ["model.safetensors", ...weights, "MODEL_CARD.md", "report.html"]) {
    const text = (await readFile(join(folder, file))).toString("latin1");
    expect(text, file).not.toContain(root);
    expect(text, file).not.toContain(tmpdir());
    if (file === "model.safetensors")
      expect(text).toMatch(/dsb_fluo\/train.*name: dsb_fluo|name: dsb_fluo.*dsb_fluo\/train/s);
  }
});

test("a run that is done refuses to be written over", async () => {
  const again = await run("train tiny.yaml --out whole");
  expect([again.code, again.err]).toEqual([2, expect.stringContaining("not empty")]);
});

test("other data under the same names are refused when resuming", async () => {
  const manifest = join(root, "dsb_pink_he/images");
  const [name] = await readdir(manifest);
  const file = join(manifest, name!);
  const original = await readFile(file);
  await cp(join(root, "dsb_fluo/images/27c30f90.png"), file);
  const resumed = await run("train --resume parts");
  await writeFile(file, original);
  expect([resumed.code, resumed.err]).toEqual([2, expect.stringContaining("are not those that this run began with")]);
});

test("predict writes every kind of file, whole or in shards", async () => {
  const done = await run("predict dsb_fluo/images/4d4*.png --run whole --write all --out predictions --json");
  expect(JSON.parse(done.out).images).toHaveLength(2);
  expect(done.code).toBe(0);
  const files = (await readdir(join(root, "predictions"))).sort();
  for (const ending of ["_mask.png", "_probability.png", "_instances.png", ".geojson", "_nuclei.csv", "_overlay.png"])
    expect(files).toContain(`4d40de30${ending}`);
  const features = JSON.parse(await readFile(join(root, "predictions/4d40de30.geojson"), "utf8"));
  expect(features.type).toBe("FeatureCollection");
  for (const i of [0, 1])
    expect((await run(`predict dsb_fluo/images/4d4*.png --run whole --out shards --shard ${i}/2`)).code).toBe(0);
  expect((await run("merge shards")).code).toBe(0);
  expect(JSON.parse(await readFile(join(root, "shards/predictions.json"), "utf8")).images).toHaveLength(2);
});

test("predict --recolor shows the model another image, and the summary says so", async () => {
  const plain = await run("predict dsb_fluo/images/4d40de30.png --run whole --out plain --write probability --json");
  const done = await run(
    "predict dsb_fluo/images/4d40de30.png --run whole --out re --write probability --recolor --json",
  );
  expect([JSON.parse(plain.out).recolored, JSON.parse(done.out).recolored]).toEqual([false, true]);
  const file = "4d40de30_probability.png";
  expect(await readFile(join(root, "re", file))).not.toEqual(await readFile(join(root, "plain", file)));
  for (const [i, flag] of ["", " --recolor"].entries())
    await run(`predict dsb_fluo/images/4d4*.png --run whole --out mixed --shard ${i}/2${flag}`);
  const mixed = await run("merge mixed");
  expect([mixed.code, mixed.err]).toEqual([2, expect.stringContaining("made with --recolor, others without")]);
});

test("evaluate in shards and merge: the table of one process", async () => {
  const scores = await run("evaluate --run whole --out scores --json");
  expect(scores.code).toBe(0);
  expect(JSON.parse(scores.out)).toMatchObject({ images: 3, mean: { images: 3 } });
  for (const i of [0, 1, 2])
    expect((await run(`evaluate --run whole --out parts-of-scores --shard ${i}/3`)).code).toBe(0);
  expect((await run("merge parts-of-scores")).code).toBe(0);
  const table = async (folder: string) => parseCsv(await readFile(join(root, folder, "per-image.csv"), "utf8"));
  expect(await table("parts-of-scores")).toEqual(await table("scores"));
  const compared = await run("compare scores parts-of-scores --json");
  expect(JSON.parse(compared.out).rows[0]).toMatchObject({ metric: "dsc", difference: 0, pValue: 1 });
});

test("a run is not lost to what fails before another one begins, nor to an evaluation", async () => {
  const before = (await readdir(join(root, "whole"))).sort();
  const still = async () => expect((await readdir(join(root, "whole"))).sort()).toEqual(before);
  const score = await run("evaluate --run whole --out whole --overwrite");
  expect([score.code, score.err]).toEqual([2, expect.stringContaining("holds a training run")]);
  await still();
  for (const wrong of ["--adapter nosuch", "--set model.overrides.slices=3"]) {
    expect((await run(`train tiny.yaml --out whole --overwrite ${wrong}`)).code, wrong).not.toBe(0);
    await still();
    expect((await run(`train tiny.yaml --out begun ${wrong}`)).code, wrong).not.toBe(0);
    expect(await readdir(root), "no folder of a run that did not begin").not.toContain("begun");
  }
});

test("images that trained are told, and only scoring can be set", async () => {
  const all = await run("evaluate --run whole --split train --out seen --json");
  expect(all.err).toContain("3 of 3 images took part in the training of this run");
  const report = await readFile(join(root, "seen/report.html"), "utf8");
  expect(report).toContain("3 of which took part in the training");
  expect(await readFile(join(root, "scores/report.html"), "utf8")).toContain("that took no part in the training");
  expect(await readFile(join(root, "parts-of-scores/report.html"), "utf8")).toContain("took no part in the training");
  // The same names elsewhere may be other images: nothing is claimed of them.
  await cp(join(root, "dsb_fluo"), join(root, "copy/dsb_fluo"), { recursive: true });
  const copy = await run("evaluate --run whole --data copy/dsb_fluo --split train --out copied --json");
  expect([copy.code, copy.err]).toEqual([0, expect.not.stringContaining("took part")]);
  expect(await readFile(join(root, "copied/report.html"), "utf8")).not.toMatch(/took (no )?part/);
  const other = await run("evaluate --run whole --out never --set model.preset=vit-b");
  expect([other.code, other.err]).toEqual([2, expect.stringContaining("--set changes eval.* and data.* here")]);
});

test("another label under an old name is refused when resuming", async () => {
  const labels = join(root, "dsb_fluo/labels");
  const { train } = JSON.parse(await readFile(join(root, "parts/splits.json"), "utf8")).dsb_fluo;
  const file = join(labels, (await readdir(labels)).find((name) => name.startsWith(train[0].split("/").at(-1)))!);
  const original = await readFile(file);
  await writeFile(file, Buffer.concat([original, Buffer.of(0)]));
  const resumed = await run("train --resume parts");
  await writeFile(file, original);
  expect([resumed.code, resumed.err]).toEqual([
    2,
    expect.stringContaining("the files of dsb_fluo/annotations are not those"),
  ]);
});

test("a part of a split that is not there is refused by name, for training and for the test", async () => {
  for (const key of ["train", "test"]) {
    const wrong = await run(`train tiny.yaml --out begun --set data.primary.${key}=tset`);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('no split is called "tset"')]);
  }
});

test("predict passes over what it wrote, and over one image of several that cannot be read", async () => {
  await cp(join(root, "dsb_fluo/images/27c30f90.png"), join(root, "mine/27c30f90.png"));
  await writeFile(join(root, "mine/00.png"), "no image");
  for (const flag of ["", " --overwrite"]) {
    const done = await run(`predict mine --run whole --out mine/predictions --json${flag}`);
    expect(done.code).toBe(1);
    const { images, failed } = JSON.parse(done.out);
    expect([images.length, failed.length]).toEqual([1, 1]);
  }
});

test("doctor as JSON: the adapters and the plan, and nothing else on stdout", async () => {
  const told = await run("doctor --no-test --no-speed --json --plan tiny.yaml");
  expect(told.code, told.err).toBe(0);
  const { adapters, plan } = JSON.parse(told.out);
  expect(adapters.length).toBeGreaterThan(0);
  expect(plan).toMatchObject({ fits: true, imagesKnown: true });
});

test("weights of another preset are told apart", async () => {
  const config = (await readFile(join(root, "whole/config.yaml"), "utf8")).replace("depth: 1", "depth: 2");
  await cp(join(root, "whole"), join(root, "other"), { recursive: true });
  await writeFile(join(root, "other/config.yaml"), config);
  const wrong = await run("evaluate --run other --out never");
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringMatching(/checkpoint/)]);
});
