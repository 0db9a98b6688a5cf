import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@ama-sam/checkpoint";
import { readTensors, type Verdict } from "@ama-sam/testing";

/** Which stored values a checkpoint file must give. */
function expectation(file: string): string {
  return file.startsWith("odd") ? "checkpoints/odd_expected.safetensors" : "checkpoints/tiny_sam.safetensors";
}

/** Reads a checkpoint of the set; every tensor must equal the stored one exactly, after conversion to f32 where it is a float. */
export async function runCheckpoints(id: string, dir: string): Promise<Verdict[]> {
  const file = id.split("/")[1];
  const opened = await openCheckpoint(new Uint8Array(readFileSync(join(dir, id))));
  const expected = readTensors(join(dir, expectation(file)));
  const verdicts: Verdict[] = [];
  const fail = (name: string, message: string) =>
    verdicts.push({ name, ok: false, worst: Number.NaN, allowed: 0, message });
  for (const name of opened.entries.keys()) if (!expected.has(name)) fail(name, "is not in the expected set");
  for (const [name, want] of expected) {
    if (!opened.entries.has(name)) {
      fail(name, "missing");
      continue;
    }
    const got = await opened.read(name, { dtype: "f32" });
    const values = Array.from(got.data as ArrayLike<number | bigint>, Number);
    const wrong = values.findIndex((v, i) => !Object.is(v, Number(want.data[i])) && v !== Number(want.data[i]));
    const shape = got.shape.join(",") === want.shape.join(",");
    if (!shape || values.length !== want.data.length)
      fail(name, `shape [${got.shape.join(", ")}], expected [${want.shape.join(", ")}]`);
    else if (wrong >= 0) fail(name, `value ${wrong} is ${values[wrong]}, expected ${want.data[wrong]}`);
    else verdicts.push({ name, ok: true, worst: 0, allowed: 0, message: "" });
  }
  return verdicts;
}
