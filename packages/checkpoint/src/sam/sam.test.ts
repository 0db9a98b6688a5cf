import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { detectNaming, detectSam, mapKeys, openCheckpoint, renameCheckpoint, writeSafetensors } from "../index";

const manifests = JSON.parse(
  readFileSync(new URL("../../../../test/golden/checkpoints/sam_manifests.json", import.meta.url), "utf8"),
) as Record<"vit_b" | "vit_l" | "vit_h", { tensors: Record<string, number[]> }>;
const shapes = (variant: keyof typeof manifests) => new Map(Object.entries(manifests[variant].tensors));

/** SAM's names to SamModel's, as transformers' converter makes them: substring replacements, in its order. */
function toHuggingFace(name: string): string {
  const replacements = [
    ["iou_prediction_head.layers.0", "iou_prediction_head.proj_in"],
    ["iou_prediction_head.layers.1", "iou_prediction_head.layers.0"],
    ["iou_prediction_head.layers.2", "iou_prediction_head.proj_out"],
    ["mask_decoder.output_upscaling.0", "mask_decoder.upscale_conv1"],
    ["mask_decoder.output_upscaling.1", "mask_decoder.upscale_layer_norm"],
    ["mask_decoder.output_upscaling.3", "mask_decoder.upscale_conv2"],
    ["mask_downscaling.0", "mask_embed.conv1"],
    ["mask_downscaling.1", "mask_embed.layer_norm1"],
    ["mask_downscaling.3", "mask_embed.conv2"],
    ["mask_downscaling.4", "mask_embed.layer_norm2"],
    ["mask_downscaling.6", "mask_embed.conv3"],
    ["point_embeddings", "point_embed"],
    ["pe_layer.positional_encoding_gaussian_matrix", "shared_embedding.positional_embedding"],
    ["image_encoder", "vision_encoder"],
    ["neck.0", "neck.conv1"],
    ["neck.1", "neck.layer_norm1"],
    ["neck.2", "neck.conv2"],
    ["neck.3", "neck.layer_norm2"],
    ["patch_embed.proj", "patch_embed.projection"],
    [".norm", ".layer_norm"],
    ["blocks", "layers"],
  ] as const;
  let out = name;
  for (const [from, to] of replacements) out = out.replaceAll(from, to);
  if (out.includes("output_hypernetworks_mlps")) {
    out = out.replace("layers.0", "proj_in").replace("layers.1", "layers.0").replace("layers.2", "proj_out");
  }
  return out;
}

function huggingFace(variant: keyof typeof manifests): Map<string, number[]> {
  const out = new Map([...shapes(variant)].map(([name, shape]) => [toHuggingFace(name), shape]));
  const gaussian = out.get("prompt_encoder.shared_embedding.positional_embedding") as number[];
  return out.set("shared_image_embedding.positional_embedding", gaussian);
}

describe("names", () => {
  it.each(["vit_b", "vit_l", "vit_h"] as const)(
    "Hugging Face's %s maps to SAM's names and shapes exactly",
    (variant) => {
      const hf = huggingFace(variant);
      const mapped = new Map([...mapKeys(hf.keys())].map(([from, to]) => [to, hf.get(from) as number[]]));
      expect(mapped).toEqual(new Map([...shapes(variant)].sort(() => 0)));
      expect(mapped.size).toBe(shapes(variant).size);
      expect(detectNaming(hf.keys())).toBe("hugging-face");
    },
  );

  it("knows the names that SamModel's modules give (written down by hand, not converted)", () => {
    const pairs = {
      "vision_encoder.pos_embed": "image_encoder.pos_embed",
      "vision_encoder.patch_embed.projection.bias": "image_encoder.patch_embed.proj.bias",
      "vision_encoder.layers.11.layer_norm2.weight": "image_encoder.blocks.11.norm2.weight",
      "vision_encoder.layers.3.attn.rel_pos_w": "image_encoder.blocks.3.attn.rel_pos_w",
      "vision_encoder.layers.3.mlp.lin2.bias": "image_encoder.blocks.3.mlp.lin2.bias",
      "vision_encoder.neck.layer_norm2.weight": "image_encoder.neck.3.weight",
      "prompt_encoder.point_embed.3.weight": "prompt_encoder.point_embeddings.3.weight",
      "prompt_encoder.not_a_point_embed.weight": "prompt_encoder.not_a_point_embed.weight",
      "prompt_encoder.mask_embed.conv3.bias": "prompt_encoder.mask_downscaling.6.bias",
      "mask_decoder.transformer.layers.1.layer_norm4.bias": "mask_decoder.transformer.layers.1.norm4.bias",
      "mask_decoder.transformer.layer_norm_final_attn.bias": "mask_decoder.transformer.norm_final_attn.bias",
      "mask_decoder.upscale_layer_norm.weight": "mask_decoder.output_upscaling.1.weight",
      "mask_decoder.output_hypernetworks_mlps.2.proj_in.weight":
        "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight",
      "mask_decoder.output_hypernetworks_mlps.2.layers.0.weight":
        "mask_decoder.output_hypernetworks_mlps.2.layers.1.weight",
      "mask_decoder.output_hypernetworks_mlps.2.proj_out.weight":
        "mask_decoder.output_hypernetworks_mlps.2.layers.2.weight",
      "mask_decoder.iou_prediction_head.proj_out.bias": "mask_decoder.iou_prediction_head.layers.1.bias",
    };
    // The IoU head has no hidden layer in this list, so its last layer is number 1.
    expect(Object.fromEntries(mapKeys(Object.keys(pairs)))).toEqual(pairs);
  });

  it("leaves SAM's names, drops a wrapper that all share, keeps strangers", () => {
    const sam = [...shapes("vit_b").keys()];
    expect([...mapKeys(sam).values()]).toEqual(sam);
    expect([...mapKeys(sam.map((name) => `module.${name}`)).values()]).toEqual(sam);
    expect(mapKeys(["vision_encoder.pos_embed", "adapter.x"]).get("adapter.x")).toBe("adapter.x");
    const one = mapKeys(["vision_encoder.pos_embed", "shared_image_embedding.positional_embedding"]);
    expect(one.get("shared_image_embedding.positional_embedding")).toBe(
      "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    );
  });

  it("renames a checkpoint without reading it", async () => {
    const file = writeSafetensors({ "vision_encoder.pos_embed": { shape: [2], data: Float32Array.of(1, 2) } });
    const checkpoint = await openCheckpoint(file);
    const renamed = renameCheckpoint(checkpoint, mapKeys(checkpoint.entries.keys()));
    expect([...(await renamed.read("image_encoder.pos_embed")).data]).toEqual([1, 2]);
    await expect(renamed.read("vision_encoder.pos_embed")).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("detectSam", () => {
  it.each([
    ["vit_b", 768, 12, 12],
    ["vit_l", 1024, 24, 16],
    ["vit_h", 1280, 32, 16],
  ] as const)("%s, by either's names", (variant, width, depth, heads) => {
    for (const manifest of [shapes(variant), huggingFace(variant)]) {
      expect(detectSam(manifest)).toMatchObject({
        variant,
        width,
        depth,
        heads,
        patch: 16,
        grid: [64, 64],
        window: 14,
      });
    }
  });

  it("a small SAM of other sizes, and no SAM at all", async () => {
    const tiny = await openCheckpoint(
      new Uint8Array(readFileSync(new URL("../../../../test/golden/checkpoints/tiny_sam.pth", import.meta.url))),
    );
    const found = detectSam(tiny.entries);
    expect(found).toBeDefined();
    expect(found?.variant).toBe(undefined);
    expect(detectSam(new Map([["conv1.weight", [1, 2]]]))).toBe(undefined);
    expect(detectSam(new Map())).toBe(undefined);
  });
});
