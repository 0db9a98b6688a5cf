// npm run picture -- IMAGE TRUTH PREDICTED OUT.png [--crop X,Y,WIDTH,HEIGHT]
// The README's picture: an image, its true nuclei and the predicted ones side by side, each nucleus in a colour of its own.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { decodeImage, encodePng, type Raster } from "@ama-sam/data";

const GAP = 8;

/** Neighbouring numbers get distant hues. */
function colourOf(id: number): [number, number, number] {
  const hue = (id * 0.618034) % 1;
  const wave = (shift: number) => 0.5 + 0.5 * Math.cos(2 * Math.PI * (hue + shift));
  return [255 * wave(0), 255 * wave(1 / 3), 255 * wave(2 / 3)];
}

function edgeAt(labels: Raster, x: number, y: number): boolean {
  const { width, height, data } = labels;
  const id = data[y * width + x];
  const near = [
    [x - 1, y],
    [x + 1, y],
    [x, y - 1],
    [x, y + 1],
  ];
  return near.some(([u, v]) => u >= 0 && v >= 0 && u < width && v < height && data[v * width + u] !== id);
}

function paint(out: Uint8Array, across: number, left: number, image: Raster, labels: Raster | null, crop: number[]) {
  const [x0, y0, width, height] = crop;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y0 + y) * image.width + x0 + x;
      const id = labels ? labels.data[at] : 0;
      const strength = id === 0 ? 0 : labels && edgeAt(labels, x0 + x, y0 + y) ? 1 : 0.45;
      const colour = colourOf(id);
      for (let c = 0; c < 3; c++) {
        const value = image.data[at * image.channels + (image.channels === 1 ? 0 : c)];
        out[(y * across + left + x) * 3 + c] = (1 - strength) * value + strength * colour[c];
      }
    }
  }
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { crop: { type: "string" } } });
if (positionals.length !== 4) {
  console.error("npm run picture -- IMAGE TRUTH PREDICTED OUT.png [--crop X,Y,WIDTH,HEIGHT]");
  process.exit(2);
}
const [image, truth, predicted] = await Promise.all(
  positionals.slice(0, 3).map((path) => decodeImage(readFileSync(path))),
);
for (const labels of [truth, predicted])
  if (labels.width !== image.width || labels.height !== image.height)
    throw new Error(`labels are ${labels.width} x ${labels.height}, the image is ${image.width} x ${image.height}`);
const crop = values.crop ? values.crop.split(",").map(Number) : [0, 0, image.width, image.height];
const [, , width, height] = crop;
const across = 3 * width + 2 * GAP;
const out = new Uint8Array(across * height * 3).fill(255);
[null, truth, predicted].forEach((labels, i) => {
  paint(out, across, i * (width + GAP), image, labels, crop);
});
writeFileSync(positionals[3], encodePng({ width: across, height, channels: 3, bitDepth: 8, data: out }));
