import { type Annotation, loadSample, memorySource } from "@ama-sam/data";
import { type LabelMap, labelsFromGeoJson } from "@ama-sam/instances";
import { evaluate } from "@ama-sam/metrics";
import { TroubleError } from "./failures";
import type { TruthScores } from "./protocol";

/** Reads an annotation of the open image: GeoJSON (also gzip), ImageScope XML, MAT, npy, a label image or a mask. */
export async function readTruth(
  file: Blob,
  name: string,
  image: { file: Blob; width: number; height: number },
): Promise<{ labels: LabelMap; warnings: string[] }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height } = image;
  if (/\.(geo)?json(\.gz)?$/i.test(name)) {
    const drawn = await labelsFromGeoJson(bytes, { width, height });
    if (drawn.count === 0)
      throw new TroubleError("input", `No outline of ${name} lies on this image (${drawn.features} in the file).`);
    const { empty, features } = drawn;
    const warning = `${empty} of ${features} outlines lie outside of this image or have no pixel of their own: is this the annotation of this very picture?`;
    return { labels: drawn, warnings: empty > 0 ? [warning] : [] };
  }
  const kind = kindOf(name);
  // Read as the annotation of the open image, so that sizes are compared and slips are explained as in training.
  const source = memorySource({ image: new Uint8Array(await image.file.arrayBuffer()), [name]: bytes });
  const { labels, nuclei, warnings } = await loadSample(source, {
    id: name,
    imagePath: "image",
    annotation: { kind, paths: [name] },
  });
  const own = warnings.filter(({ path }) => path !== "image").map(({ message }) => message);
  return { labels: { data: labels!, width, height, count: nuclei }, warnings: own };
}

function kindOf(name: string): Annotation["kind"] {
  const ending = name.toLowerCase().split(".").at(-1);
  if (ending === "xml") return "image-scope-xml";
  if (ending === "mat") return "mat";
  return ending === "npy" ? "label-image" : "mask-or-label-image";
}

/** DSC, AJI and PQ of nuclei against the truth. */
export function scoreAgainst(
  labels: LabelMap,
  { labels: truth, warnings }: { labels: LabelMap; warnings: string[] },
): TruthScores {
  const { dsc, aji, pq, dq, sq } = evaluate(labels, truth);
  return { truth, warnings, scores: { dsc, aji, pq, dq, sq }, predicted: labels.count, annotated: truth.count };
}
