/** One row of a study: how it differs from the full method, and what the paper reports. */
export interface Cell {
  name: string;
  /** `--set` assignments on top of the configuration. */
  sets: readonly string[];
  /** Auxiliary sets that take part, counted from the first; all without it. */
  auxiliary?: number;
  /** DSC, mIoU, F1 in percent and HD in pixels, MoNuSeg primary; null where the paper has no such row. */
  paper: readonly [number, number, number, number] | null;
}

/** A table of the paper as runs. */
export interface Study {
  title: string;
  cells: readonly Cell[];
}

const FULL = [85.12, 74.24, 85.21, 16.13] as const;
const ALONE = [84.51, 73.52, 84.69, 16.27] as const;

/** Tables 2, 3 and 4 of the paper. */
export const STUDIES: Readonly<Record<"alignment" | "decoder" | "auxiliary", Study>> = {
  alignment: {
    title: "Table 2: domain alignment",
    cells: [
      { name: "no auxiliary sets", sets: ["model.align=none"], auxiliary: 0, paper: ALONE },
      { name: "no adversarial training", sets: ["model.align=none"], paper: [83.77, 72.08, 83.88, 16.42] },
      { name: "GRL", sets: ["model.align=grl"], paper: [84.63, 73.71, 84.65, 16.23] },
      { name: "CGRL", sets: ["model.align=cgrl"], paper: FULL },
    ],
  },
  decoder: {
    title: "Table 3: decoder",
    cells: [
      { name: "SAM decoder", sets: ["model.decoder=sam"], paper: [84.62, 73.6, 84.68, 16.25] },
      { name: "HR-Decoder", sets: ["model.decoder=hr"], paper: FULL },
    ],
  },
  auxiliary: {
    title: "Table 4: auxiliary sets",
    cells: [
      { name: "none", sets: [], auxiliary: 0, paper: ALONE },
      { name: "first", sets: [], auxiliary: 1, paper: [84.73, 73.74, 84.76, 16.22] },
      { name: "first two", sets: [], auxiliary: 2, paper: [84.88, 74.11, 84.92, 16.18] },
      { name: "all", sets: [], paper: FULL },
    ],
  },
};

/** Names of the studies by the number of the paper's table. */
export const TABLES: Readonly<Record<string, keyof typeof STUDIES>> = {
  "2": "alignment",
  "3": "decoder",
  "4": "auxiliary",
};
