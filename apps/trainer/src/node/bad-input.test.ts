import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeSafetensors } from "@ama-sam/checkpoint";
import { encodePng } from "@ama-sam/data";
import { evaluate } from "@ama-sam/metrics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "./cli";
import { perImageCsv } from "./files/per-image-csv";
import { testIo } from "./test-io";

let root = "";

const png = (width: number, height: number, channels: 1 | 3, value: number) =>
  encodePng({ width, height, channels, bitDepth: 8, data: new Uint8Array(width * height * channels).fill(value) });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "ama-sam-bad-"));
  const put = async (path: string, content: string | Uint8Array) => {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), content);
  };
  for (const set of ["good", "sizes", "text"]) {
    for (const id of ["a", "b"]) {
      await put(`${set}/images/${id}.png`, png(8, 8, 3, 90 + id.charCodeAt(0)));
      await put(`${set}/labels/${id}.png`, png(8, 8, 1, 1));
    }
  }
  await put("sizes/labels/a.png", png(9, 8, 1, 1));
  await rm(join(root, "text/images/a.png"));
  await put("text/images/a.tif", "this is no image");
  await put("good-split/images/a.png", png(8, 8, 3, 1));
  await put("good-split/labels/a.png", png(8, 8, 1, 1));
  await put("good-split/splits.json", '{"train":["a"]}');
  await put("empty/.keep", "");
  await put("notes.txt", "hello");
  await put("page.html", "<html>not a checkpoint</html>");
  await put("zeros.safetensors", new Uint8Array(64));
  await put("broken.json", "{");
  await put("not-a-manifest.json", '{"version":9}');
  await put("other-json.json", '{"a":1}');
  await put("fake.tif", "plain text under the name of an image");
  await put("fake.png", "plain text under the name of an image");
  await put("half.png", png(64, 64, 3, 7).subarray(0, 60));
  await put("photo.png", png(8, 8, 3, 7));
  await put("same/x.png", png(8, 8, 3, 7));
  await put("same/x.tif", png(8, 8, 3, 7));
  await put("tensors.safetensors", writeSafetensors({ w: { shape: [2], data: Float32Array.of(1, 2) } }));
  const other = new Map([["image_encoder.patch_embed.proj.bias", { shape: [96], data: new Float32Array(96) }]]);
  await put("no-config/model.safetensors", writeSafetensors(other, { format: "ama-sam", kind: "merged" }));
  const config = "model:\n  preset: nano\ndata:\n  primary:\n    path: MoNuSeg\n";
  await put("elsewhere/model.safetensors", writeSafetensors(other, { format: "ama-sam", kind: "merged", config }));
  await put("unfinished/config.yaml", "model:\n  preset: nano\n");
  await put("sam-run/config.yaml", "model:\n  preset: nano\n");
  await put("sam-run/model.safetensors", writeSafetensors({ w: { shape: [1], data: Float32Array.of(1) } }));
  await put("full/keep.txt", "precious");
  await put("run/config.yaml", "model:\n  preset: nano\n");
  await put("run/keep.txt", "precious");
  await put("exists.safetensors", "precious");
  await put("predictions/predictions.json", "precious");
  await put("good/manifest.json", "precious");
  await put("unknown-key.yaml", "train:\n  epoch: 3\n");
  await put("bad-indent.yaml", "train:\n  epochs: 3\n bad\n");
  await put("bad-value.yaml", "train:\n  lr: fast\n");
  await put("list.yaml", "- 1\n- 2\n");
  await put("duplicate.yaml", "train:\n  lr: 1\n  lr: 2\n");
  await put("binary.yaml", Uint8Array.of(0, 1, 2, 255, 254));
  await put("no-data.yaml", "model:\n  preset: nano\n");
  await put("missing-data.yaml", "model:\n  preset: nano\ndata:\n  primary:\n    path: nowhere\n");
  await put("bad-split.yaml", "model:\n  preset: nano\ndata:\n  primary:\n    path: good-split\n    train: learn\n");
  await put(
    "twice.yaml",
    "model:\n  preset: nano\ndata:\n  primary:\n    path: good\n  auxiliary:\n    - path: good\n",
  );
  await put("empty-data.yaml", "model:\n  preset: nano\ndata:\n  primary:\n    path: empty\n");
  await put("good.yaml", "model:\n  preset: nano\ndata:\n  primary:\n    path: good\n");
  await put("no-base.yaml", "model:\n  init:\n    checkpoint: nowhere.pth\ndata:\n  primary:\n    path: good\n");
  await put("text-base.yaml", "model:\n  init:\n    checkpoint: notes.txt\ndata:\n  primary:\n    path: good\n");
  const map = { width: 2, height: 1, data: Uint8Array.of(1, 0) };
  const row = { ...evaluate(map, map), image: "a" };
  await put("one/per-image.csv", perImageCsv([row]));
  await put("other/per-image.csv", perImageCsv([{ ...row, image: "b" }]));
  await put("two/per-image.csv", perImageCsv([row, { ...row, image: "b" }]));
  await put("double/per-image.csv", perImageCsv([row, row]));
  await put("words/per-image.csv", perImageCsv([row]).replace(/,1,/, ",many,"));
  await put("shards/shard-0-of-3/per-image.csv", perImageCsv([row]));
  await put("shards/shard-2-of-3/per-image.csv", perImageCsv([row]));
  await put("mixed/shard-0-of-1/per-image.csv", perImageCsv([row]));
  await put("mixed/shard-0-of-2/per-image.csv", perImageCsv([row]));
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** Arguments, what the line must say, environment variables, and what the hint must say. */
type BadCase = [args: string, says: RegExp, env?: Record<string, string>, hints?: RegExp];

const CASES: BadCase[] = [
  ["trian good.yaml", /unknown command 'trian'.*Did you mean train/],
  ["--frobnicate", /unknown option '--frobnicate'/],
  ["train", /no configuration/],
  ["train nowhere.yaml", /nowhere\.yaml: no such file/],
  ["train empty", /empty: this is a folder/],
  ["train unknown-key.yaml", /unknown-key\.yaml:2:3 train\.epoch is not a key\. Did you mean train\.epochs/],
  ["train bad-indent.yaml", /bad-indent\.yaml:\d+:\d+/],
  ["train bad-value.yaml", /bad-value\.yaml:2:7 train\.lr is wrong\. Got "fast"/],
  ["train list.yaml", /list/],
  ["train duplicate.yaml", /duplicate\.yaml:3/],
  ["train binary.yaml", /binary\.yaml/],
  ["train no-data.yaml", /no data set is configured/],
  ["train missing-data.yaml", /nowhere: no such folder/],
  ["train bad-split.yaml", /no split is called "learn"\. It has train/],
  ["train twice.yaml", /two data sets are called "good"/],
  ["train empty-data.yaml", /empty: no known layout/],
  ["train no-base.yaml", /nowhere\.pth: no such file/],
  ["train text-base.yaml", /notes\.txt: not a checkpoint/],
  ["train good.yaml --set train.epocs=3", /train\.epocs is not a key\. Did you mean train\.epochs/],
  ["train good.yaml --set train.epochs", /not an assignment/],
  ["train good.yaml --set train.epochs=-1", /train\.epochs is wrong/],
  ["train good.yaml --set model.preset=vit-x", /model\.preset is wrong/],
  ["train good.yaml --set train.microBatch=9", /microBatch is larger/],
  ["train good.yaml --max-time soon", /--max-time takes a time/],
  ["train good.yaml --max-time 0h", /--max-time takes a time/],
  ["train good.yaml --probe-every x", /--probe-every takes a whole number/],
  ["train good.yaml --out full", /full: this folder is not empty/],
  ["train good.yaml --out full --overwrite", /holds no run/],
  ["train good.yaml --out run", /run: this folder is not empty/],
  ["train good.yaml --out notes.txt", /notes\.txt: this is a file/],
  ["train good.yaml --out fresh --adapter no-such-gpu", /no-such-gpu/],
  ["train good.yaml --bogus", /unknown option '--bogus'/],
  ["train good.yaml extra", /too many arguments/],
  ["train --resume nowhere", /no run to resume/],
  ["train --resume empty", /no run to resume/],
  ["train good.yaml --resume run", /takes the configuration of its run/],
  ["train --resume run --out other-place", /Leave out --out/],
  ["train --resume run --overwrite", /contradict/],
  ["train --resume run --probe-every 3", /--probe-every 3: a resumed run keeps.*train\.probeEvery is auto/],
  ["train --resume run --set train.lr=1", /keeps its configuration/],
  ["predict", /missing required argument/],
  ["predict nowhere.png --run run", /nowhere\.png: no such file/],
  ["predict empty --run run --out p", /no image here/],
  ["predict photo.png --out p", /which model/],
  ["predict photo.png --run run --weights w --out p", /which model/],
  ["predict photo.png --run nowhere --out p", /no such run folder/],
  ["predict photo.png --run unfinished --out p", /no model\.safetensors/],
  ["predict photo.png --run sam-run --out p", /no AMA-SAM weights/],
  ["predict photo.png --weights notes.txt --out p", /notes\.txt: not a checkpoint/],
  ["predict photo.png --weights empty --out p", /this is a folder/],
  ["predict fake.tif --run run --out p", /fake\.tif/],
  ["predict fake.png --run run --out p", /fake\.png/],
  ["predict half.png --run run --out p", /half\.png/],
  ["predict same --run run --out p", /same names/],
  ["predict photo.png --run run", /predictions are there already/],
  ["predict photo.png --run run --write jpeg", /"jpeg" is unknown/],
  ["predict photo.png --run run --threshold 2", /--threshold takes a number/],
  ["predict photo.png --run run --threshold 1", /--threshold lies between/],
  ["predict photo.png --run run --instances magic", /--instances is components/],
  ["predict photo.png --run run --tile big", /--tile takes a whole number/],
  ["predict photo.png --run run --out p --shard 4/4", /no part 4 of 4/],
  ["predict photo.png --run run --out p --shard half", /--shard takes i\/n/],
  ["predict photo.png --run run --out p", /JOB_COMPLETIONS is not/, { JOB_COMPLETION_INDEX: "1" }],
  ["evaluate", /which model/],
  ["evaluate --run nowhere", /no such run folder/],
  ["evaluate --weights zeros.safetensors", /checkpoint|header|safetensors/],
  ["evaluate --weights tensors.safetensors", /no AMA-SAM weights/],
  ["evaluate --weights no-config/model.safetensors", /no data set/],
  ["evaluate --weights elsewhere/model.safetensors", /Expected --data FOLDER.*trained on MoNuSeg, which is not at/],
  ["ablate good.yaml", /required option '--study/],
  ["ablate good.yaml --study tables", /"tables" is unknown/],
  ["ablate good.yaml --study 4", /needs 2 auxiliary data set/],
  ["ablate nowhere.yaml --study 2", /no such file/],
  ["ablate good.yaml --study 2 --seeds 0", /--seeds takes a whole number/],
  ["compare one", /missing required argument/],
  ["compare one nowhere", /nowhere: no such file or folder/],
  ["compare one empty", /no per-image\.csv/],
  ["compare one other", /not paired/],
  ["compare one two", /not paired/],
  ["compare double double", /comes twice/],
  ["compare words one", /is no number/],
  ["compare notes.txt one", /no table of metrics/],
  ["compare one one --metrics f2", /"f2" is no metric/],
  ["compare one one --seed -1", /--seed takes a whole number/],
  ["merge nowhere", /no such folder/],
  ["merge empty", /no parts of shards/],
  ["merge shards", /part\(s\) 1 of 3 are missing/],
  ["merge mixed", /different countings/],
  ["prepare", /missing required argument/],
  ["prepare nowhere", /nowhere: no such folder/],
  ["prepare notes.txt", /this is a file/],
  ["prepare empty", /empty: no known layout/],
  ["prepare good", /manifest\.json exists already/],
  ["prepare good --check --split monuseg-99", /unknown split/],
  ["prepare good --check --split broken.json", /JSON/],
  ["prepare good --check --format zip", /Allowed choices/],
  ["prepare good --check --max-pixels 0", /--max-pixels takes a whole number/],
  ["prepare sizes --check", /1 problem.*sizes|1 problem.*8 x 8|1 problem.*9 x 8/],
  ["prepare text --check", /a\.tif/],
  ["inspect nowhere", /no such file/],
  ["inspect notes.txt", /notes\.txt: not a checkpoint/, {}, /^hint: inspect takes an image, /],
  ["inspect page.html", /page\.html: .*web page/],
  ["inspect fake.tif", /fake\.tif: .*plain text|fake\.tif: .*not an image|fake\.tif/, {}, /^hint: inspect takes/],
  ["inspect bad-value.yaml", /bad-value\.yaml:2:7 train\.lr is wrong/],
  ["inspect other-json.json", /other-json\.json: JSON, but neither/, {}, /^hint: inspect takes/],
  ["inspect broken.json", /JSON/],
  ["inspect not-a-manifest.json", /version/],
  ["inspect empty", /layout|format|data set/],
  ["convert notes.txt", /missing required argument/],
  ["convert nowhere.pth out.safetensors", /no such file/],
  ["convert notes.txt out.safetensors", /notes\.txt: not a checkpoint/],
  ["convert tensors.safetensors out.bin", /must end in \.safetensors/],
  ["convert tensors.safetensors tensors.safetensors", /same file/],
  ["convert tensors.safetensors exists.safetensors", /exists already/],
  ["convert tensors.safetensors out.safetensors --dtype f8", /Allowed choices/],
  ["convert empty out.safetensors", /this is a folder/],
  ["report nowhere", /no run folder/],
  ["report empty", /this is no run folder/],
  ["doctor --plan nowhere.yaml", /no such file/],
  ["doctor --plan bad-value.yaml", /train\.lr is wrong/],
  ["demo --minutes never", /--minutes takes a number/],
  ["demo --seed 1.5", /--seed takes a whole number/],
  ["demo --out full", /full: this folder is not empty/],
];

/** Every file with its content. */
async function contents(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    if ((await stat(path)).isFile()) found.set(name, (await readFile(path)).toString("base64"));
  }
  return found;
}

describe("bad input", () => {
  test.each(CASES)("ama-sam %s", async (args, says, env = {}, hints = /^hint: /) => {
    const before = await contents(root);
    const io = testIo(root, env);
    const code = await main(args.split(" "), io);
    const lines = io
      .stderr()
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("warning: "));
    expect(lines[0]).toMatch(says);
    expect(lines[0]).toMatch(/^ama-sam: /);
    expect(lines.length).toBeLessThanOrEqual(2);
    if (lines[1] || hints.source !== "^hint: ") expect(lines[1]).toMatch(hints);
    expect(lines[0]!.length).toBeLessThan(620);
    expect(code).toBe(2);
    const after = await contents(root);
    for (const [path, bytes] of before) expect(after.get(path), `${path} was changed`).toBe(bytes);
    expect([...after.keys()].filter((path) => !before.has(path))).toEqual([]);
  });

  test("a stack is printed with --debug alone", async () => {
    const [plain, debug] = [testIo(root), testIo(root)];
    await main(["inspect", "nowhere"], plain);
    await main(["inspect", "nowhere", "--debug"], debug);
    expect(plain.stderr()).not.toContain("    at ");
    expect(debug.stderr()).toContain("    at ");
  });

  test("every command explains itself", async () => {
    const top = testIo(root);
    expect(await main(["--help"], top)).toBe(0);
    for (const verb of [
      "demo",
      "doctor",
      "prepare",
      "train",
      "evaluate",
      "predict",
      "ablate",
      "merge",
      "compare",
      "report",
      "inspect",
      "convert",
    ]) {
      expect(top.stdout()).toContain(`  ${verb} `);
      const io = testIo(root);
      expect(await main([verb, "--help"], io)).toBe(0);
      expect(io.stdout()).toMatch(/Example/);
      expect(io.stdout()).toContain("--json");
    }
  });
});
