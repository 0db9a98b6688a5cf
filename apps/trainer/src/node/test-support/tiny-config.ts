const data = new URL("../../../../../examples/data/", import.meta.url).pathname;

/** A configuration on real images whose steps take milliseconds; `train` is the content of its section. */
export const tinyConfig = (train: string): string => `model:
  preset: nano
  overrides:
    encoder: { imageSize: 32, width: 24, depth: 1, heads: 2, window: 4, globalBlocks: [0], outChannels: 16 }
    samDecoder: { maskChannels: 4, heads: 2, mlpHidden: 32, iouHidden: 16 }
    discriminatorHidden: 8
data:
  primary: { path: ${data}dsb_fluo, limit: 4 }
  auxiliary: [{ path: ${data}dsb_lilac_high, limit: 1 }]
  validation: { fraction: 0.5 }
train: { ${train} }
output: { previews: 2 }
`;
