import type { ItemRecord } from "./dataset";
import type { NamedSplit } from "./splits";

const full = (suffix: string, codes: string): string[] => codes.split(" ").map((code) => `TCGA-${code}-${suffix}`);

const train30 = (): string[] => [
  ...full("01Z-00-DX1", "18-5592 21-5784 21-5786 38-6178 49-4488 50-5931 A7-A13E A7-A13F AR-A1AK AR-A1AS E2-A14V"),
  ...full("01Z-00-DX1", "E2-A1B5 B0-5698 B0-5710 B0-5711 HE-7128 HE-7129 HE-7130 CH-5767"),
  ...full("01Z-00-DX1", "G9-6336 G9-6348 G9-6356 G9-6362 G9-6363"),
  ...full("01A-01-TS1", "AY-A8YK NH-A8F7 DK-A2I6 KB-A93J RD-A8N9"),
  ...full("01A-02-TSB", "G2-A2EK"),
];

const later7 = (): string[] =>
  "BC-A217 F9-A8NY FG-A87N MH-A561 UZ-A9PJ UZ-A9PN XS-A8TJ".split(" ").map((code) => `TCGA-${code}`);

const test14 = (): string[] => [
  ...full("01A-01-TS1", "2Z-A9J9 69-7764 AC-A2FO HC-7209 ZF-A9R5"),
  ...full("01B-06-BS6", "44-2665"),
  ...full("01A-01-BS1", "A6-6782 GL-6846 IZ-8196"),
  ...full("01A-01-BSA", "AO-A0J2"),
  ...full("01A-02-BSB", "CU-A0YN"),
  ...full("01A-03-TSC", "EJ-A46H"),
  ...full("01B-01-TS1", "FG-A4MU"),
  ...full("01Z-00-DX1", "HT-8564"),
];

// Calls marked pure, so that a bundler drops the lists where nobody uses them.

/** The 30 training images of the 2018 challenge (and of the 2017 paper). */
export const monusegTrain30: readonly string[] = /* @__PURE__ */ train30();

/** The 7 training images that were added later; without suffix, since the patient code is unique. */
export const monusegLater7: readonly string[] = /* @__PURE__ */ later7();

/** The 14 test images. */
export const monusegTest14: readonly string[] = /* @__PURE__ */ test14();

/** `TCGA-18-5592-01Z-00-DX1` -> `TCGA-18-5592`: the patient, unique over all 51 images, which some reposts use as the name. */
export function tcgaPatient(id: string): string | undefined {
  return /^(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(?![A-Z0-9])/i.exec(id)?.[1]?.toUpperCase();
}

function listSplit(name: string, description: string, lists: Record<string, readonly string[]>): NamedSplit {
  const patients = new Map<string, { split: string; id: string }>();
  for (const [split, ids] of Object.entries(lists)) for (const id of ids) patients.set(tcgaPatient(id)!, { split, id });
  return {
    name,
    description,
    assign: (items: readonly ItemRecord[]) => {
      const present = new Set(items.map((item) => tcgaPatient(item.id)));
      return {
        splitOf: new Map(items.map((item) => [item.id, patients.get(tcgaPatient(item.id) ?? "")?.split])),
        missing: [...patients].filter(([patient]) => !present.has(patient)).map(([, { id }]) => id),
      };
    },
  };
}

/** 30 train + 14 test: what the literature (and the paper's "44 images") uses. Images outside both lists take no part. */
export const monuseg30: NamedSplit = /* @__PURE__ */ listSplit("monuseg-30", "30 train (2018 challenge) + 14 test", {
  train: monusegTrain30,
  test: monusegTest14,
});

/** 37 train + 14 test: the training archive as distributed today. */
export const monuseg37: NamedSplit = /* @__PURE__ */ listSplit("monuseg-37", "30 + 7 later train + 14 test", {
  train: /* @__PURE__ */ monusegTrain30.concat(monusegLater7),
  test: monusegTest14,
});
