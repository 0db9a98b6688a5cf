// SAM alone: image encoder, a box prompt, mask decoder. With a checkpoint (sam_vit_b_01ec64.pth) it is the real one, at 1024 x 1024:
//   node tools/run.mjs apps/playground/src/04-box-prompt.ts sam_vit_b_01ec64.pth
import { mapKeys, openCheckpoint, renameCheckpoint } from "@ama-sam/checkpoint";
import { openGpu } from "@ama-sam/dawn";
import { Build, loadStateDict } from "@ama-sam/nn";
import { MaskDecoder, PromptEncoder, samDecoder } from "@ama-sam/sam-decoder";
import { fittedSize, ImageEncoder, postprocess, preprocess, samVitB } from "@ama-sam/sam-encoder";
import { noGrad, scope, slice } from "@ama-sam/tensor";
import { checkpointFile } from "./files";

const file = await checkpointFile();
const encoderConfig = file
  ? samVitB
  : { ...samVitB, imageSize: 128, width: 48, depth: 2, heads: 3, window: 4, globalBlocks: [1], outChannels: 32 };
const { imageSize, patchSize, outChannels: channels } = encoderConfig;
const decoderConfig = { ...samDecoder, imageSize, grid: imageSize / patchSize, channels };

const device = await openGpu();
const build = new Build(device, { seed: 1, init: file ? "none" : "random" });
const parts = {
  image_encoder: new ImageEncoder(build, encoderConfig),
  prompt_encoder: new PromptEncoder(build.at("prompt_encoder"), decoderConfig),
  mask_decoder: new MaskDecoder(build.at("mask_decoder"), decoderConfig),
};
if (file) {
  const opened = await openCheckpoint(file);
  const checkpoint = renameCheckpoint(opened, mapKeys(opened.entries.keys())); // Hugging Face's names work too
  for (const [prefix, part] of Object.entries(parts))
    await loadStateDict(part, checkpoint, {
      rename: (n) => `${prefix}.${n}`,
      allowSurplus: (n) => !n.includes(prefix),
    });
} else console.log("no checkpoint given: random weights, so the mask means nothing");

// A dark disc on a bright ground, 200 x 150 pixels.
const [width, height] = [200, 150];
const disc = (i: number) => Math.hypot((i % width) - 120, Math.floor(i / width) - 70) < 30;
const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (disc(Math.floor(i / 3)) ? 70 : 220));

/** Masks of the box at the image's own size: [1, 4, 150, 200], and the IoU that SAM expects of each. */
export const { shape, iou, inside } = await scope(device, "box", () =>
  noGrad(device, async () => {
    const x = preprocess(device, [{ width, height, data }], { size: imageSize, mode: "longest" });
    const embedding = parts.image_encoder.forward(x); // once per image; prompts below are cheap
    const scale = imageSize / Math.max(width, height);
    const [x0, y0, x1, y1] = [88, 38, 152, 102].map((v) => v * scale); // prompts are in pixels of the model's input
    const { sparse, dense } = parts.prompt_encoder.forward({ boxes: [[x0, y0, x1, y1]] });
    const imagePe = parts.prompt_encoder.densePe();
    const { masks, iou } = parts.mask_decoder.forward({ embedding, imagePe, sparse, dense });
    const [h, w] = fittedSize(height, width, imageSize); // the rest of the square is padding
    const full = slice(slice(postprocess(masks, imageSize, imageSize), 2, 0, h), 3, 0, w);
    const own = postprocess(full, height, width);
    const first = (await own.data()).subarray(0, width * height);
    return { shape: own.shape, iou: [...(await iou.data())], inside: first.reduce((n, v) => n + Number(v > 0), 0) };
  }),
);
console.log(`masks [${shape.join(", ")}], predicted IoU ${iou.map((v) => v.toFixed(2)).join(" ")}`);
console.log(`first mask: ${inside} of ${width * height} pixels (the disc has ${Math.round(Math.PI * 900)})`);
await device.dispose();
