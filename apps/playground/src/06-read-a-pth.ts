// A PyTorch checkpoint without Python: names first, data on demand, nothing executed. Then written as safetensors.
//   node tools/run.mjs apps/playground/src/06-read-a-pth.ts sam_vit_b_01ec64.pth
import { CheckpointError, detectSam, openCheckpoint, writeSafetensors } from "@ama-sam/checkpoint";
import { checkpointFile } from "./files";

const file = await checkpointFile("test/golden/checkpoints/tiny_sam.pth");
if (!file) throw new Error("no file");
const checkpoint = await openCheckpoint(file);
const { entries, format } = checkpoint;
const bytes = [...entries.values()].reduce((n, e) => n + e.byteLength, 0);
/** Tensors in the file. */
export const count = entries.size;
console.log(`${format}: ${count} tensors, ${bytes} bytes`);
for (const [name, { dtype, shape }] of [...entries].slice(0, 4))
  console.log(`  ${name} ${dtype} [${shape.join(", ")}]`);

const sam = detectSam(entries);
console.log(sam ? `a SAM encoder: width ${sam.width}, ${sam.depth} blocks, patches of ${sam.patch}` : "not a SAM");

// One tensor: only its bytes are read. Half and bfloat16 become f32.
const [name] = entries.keys();
const { data } = await checkpoint.read(name);
console.log(name, Array.from(data.slice(0, 4), Number).join(" "), "...");

// Some of it as safetensors, and back.
const some = [...entries.keys()].filter((n) => n.startsWith("prompt_encoder."));
const tensors = await Promise.all(some.map(async (n) => [n, await checkpoint.read(n)] as const));
const written = writeSafetensors(tensors, { source: "a .pth" });
/** Names that came back. */
export const back = [...(await openCheckpoint(written)).entries.keys()];
console.log(`${some.length} prompt encoder tensors as ${written.length} bytes of safetensors`);

// A damaged or hostile file is an error that says what is wrong, at once.
export let refusal = "";
try {
  await openCheckpoint(written.slice(0, 100));
} catch (error) {
  if (!CheckpointError.isInstance(error)) throw error;
  refusal = error.code;
  console.log(`the first 100 bytes alone: ${refusal}`);
}
