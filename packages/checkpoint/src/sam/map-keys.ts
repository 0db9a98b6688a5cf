/** Whose names a SAM checkpoint uses: Meta's `segment_anything`, or Hugging Face's `SamModel`. */
export type SamNaming = "sam" | "hugging-face";

/** One Gaussian matrix under two names, tied in `SamModel`; files hold one or both. */
const HF_GAUSSIAN = [
  "shared_image_embedding.positional_embedding",
  "prompt_encoder.shared_embedding.positional_embedding",
];
const SAM_GAUSSIAN = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix";

/** Rewrites from Hugging Face's names to SAM's, applied in order; the MLP heads follow below. */
const RULES: readonly (readonly [RegExp, string])[] = [
  [/^vision_encoder\.layers\.(\d+)\.layer_norm([12])\./, "image_encoder.blocks.$1.norm$2."],
  [/^vision_encoder\.layers\./, "image_encoder.blocks."],
  [/^vision_encoder\.patch_embed\.projection\./, "image_encoder.patch_embed.proj."],
  [/^vision_encoder\.neck\.conv1\./, "image_encoder.neck.0."],
  [/^vision_encoder\.neck\.layer_norm1\./, "image_encoder.neck.1."],
  [/^vision_encoder\.neck\.conv2\./, "image_encoder.neck.2."],
  [/^vision_encoder\.neck\.layer_norm2\./, "image_encoder.neck.3."],
  [/^vision_encoder\./, "image_encoder."],
  [/^prompt_encoder\.point_embed\./, "prompt_encoder.point_embeddings."],
  [/^prompt_encoder\.mask_embed\.conv1\./, "prompt_encoder.mask_downscaling.0."],
  [/^prompt_encoder\.mask_embed\.layer_norm1\./, "prompt_encoder.mask_downscaling.1."],
  [/^prompt_encoder\.mask_embed\.conv2\./, "prompt_encoder.mask_downscaling.3."],
  [/^prompt_encoder\.mask_embed\.layer_norm2\./, "prompt_encoder.mask_downscaling.4."],
  [/^prompt_encoder\.mask_embed\.conv3\./, "prompt_encoder.mask_downscaling.6."],
  [/^mask_decoder\.transformer\.layers\.(\d+)\.layer_norm([1-4])\./, "mask_decoder.transformer.layers.$1.norm$2."],
  [/^mask_decoder\.transformer\.layer_norm_final_attn\./, "mask_decoder.transformer.norm_final_attn."],
  [/^mask_decoder\.upscale_conv1\./, "mask_decoder.output_upscaling.0."],
  [/^mask_decoder\.upscale_layer_norm\./, "mask_decoder.output_upscaling.1."],
  [/^mask_decoder\.upscale_conv2\./, "mask_decoder.output_upscaling.3."],
];

/** `SamFeedForward`: proj_in, layers.0 ... layers.n-1, proj_out; SAM's MLP numbers all of them in one list. */
const HEAD =
  /^(mask_decoder\.(?:iou_prediction_head|output_hypernetworks_mlps\.\d+))\.(proj_in|proj_out|layers\.(\d+))\.(.+)$/;

/** Whose names these are, or undefined where no SAM prefix occurs. */
export function detectNaming(names: Iterable<string>): SamNaming | undefined {
  for (const name of names) {
    if (/^vision_encoder\.|^shared_image_embedding\.|^mask_decoder\.upscale_|\.proj_in\./.test(name))
      return "hugging-face";
    if (/^image_encoder\.|^mask_decoder\.output_upscaling\.|^prompt_encoder\.pe_layer\./.test(name)) return "sam";
  }
  return undefined;
}

/**
 * Maps a checkpoint's names to SAM's own, for `renameCheckpoint`: Hugging Face's `SamModel` names are translated, SAM's stay.
 * A wrapper that all names share (`module.` of DataParallel, `sam.`, `model.`) is dropped first. Of the two tied copies of
 * the positional matrix one is kept. Names that are neither stay as they are, so that a comparison lists them.
 * Source: the name table of transformers' SAM conversion, inverted.
 */
export function mapKeys(names: Iterable<string>): Map<string, string> {
  const all = [...names];
  const wrapper = ["module.", "model.", "sam."].find(
    (prefix) => all.length > 0 && all.every((name) => name.startsWith(prefix)),
  );
  const inner = wrapper === undefined ? all : all.map((name) => name.slice(wrapper.length));
  const translate = detectNaming(inner) === "hugging-face" ? translator(inner) : (name: string) => name;
  const map = new Map<string, string>();
  inner.forEach((name, i) => {
    const to = translate(name);
    if (to !== undefined) map.set(all[i] as string, to);
  });
  return map;
}

/** From one Hugging Face name to SAM's; undefined for the second copy of the positional matrix. */
function translator(names: readonly string[]): (name: string) => string | undefined {
  const gaussian = HF_GAUSSIAN.find((name) => names.includes(name));
  // The number of hidden layers of each head decides the number of its proj_out.
  const hidden = new Map<string, number>();
  for (const name of names) {
    const [, head, , layer] = HEAD.exec(name) ?? [];
    if (head !== undefined && layer !== undefined) hidden.set(head, Math.max(hidden.get(head) ?? 0, Number(layer) + 1));
  }
  return (name) => {
    if (HF_GAUSSIAN.includes(name)) return name === gaussian ? SAM_GAUSSIAN : undefined;
    const [, head, part, layer, rest] = HEAD.exec(name) ?? [];
    if (head !== undefined) {
      const index = part === "proj_in" ? 0 : part === "proj_out" ? (hidden.get(head) ?? 0) + 1 : Number(layer) + 1;
      return `${head}.layers.${index}.${rest}`;
    }
    const rule = RULES.find(([pattern]) => pattern.test(name));
    return rule === undefined ? name : name.replace(rule[0], rule[1]);
  };
}
