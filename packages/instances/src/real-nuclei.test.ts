import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readLabelPng } from "../test-support/read-label-png";
import { invalidity } from "../test-support/ring-checks";
import { components } from "./components";
import { contours } from "./contours";
import { writeGeoJson } from "./geojson-write";
import { encodeLabelPng } from "./label-png";
import { labelsFromGeoJson } from "./labels-from-geojson";
import { nucleusFeatures } from "./nucleus-feature";
import { watershed } from "./watershed";

const samples = new URL("../../../examples/data/", import.meta.url);

/** Much faster than `toEqual` on hundreds of thousands of pixels. */
const same = (a: Uint32Array, b: Uint32Array) => a.length === b.length && a.every((v, i) => v === b[i]);

describe.each(["dsb_purple_white", "dsb_lilac_low", "dsb_lilac_high", "dsb_fluo"])(
  "annotated nuclei of %s",
  (domain) => {
    const folder = new URL(`${domain}/labels/`, samples);
    const maps = readdirSync(folder)
      .sort()
      .slice(0, 2)
      .map((name) => readLabelPng(readFileSync(new URL(name, folder))));

    it("come back from GeoJSON and PNG as they were", async () => {
      for (const map of maps) {
        const back = await labelsFromGeoJson(writeGeoJson(nucleusFeatures(map)), map);
        expect(same(back.data, map.data)).toBe(true);
        expect(same(readLabelPng(await encodeLabelPng(map)).data, map.data)).toBe(true);
      }
    });

    it("have valid outlines", () => {
      // The check compares all segments of a nucleus; the first hundred nuclei show as much as all.
      for (const map of maps)
        for (const { id, polygons } of contours(map)) if (id <= 100) expect(invalidity(polygons)).toBeUndefined();
    });

    it("are counted better by watershed than by components, within 15 %", () => {
      let [truth, split, joined] = [0, 0, 0];
      for (const { data, width, height } of maps) {
        const mask = data.map((id) => (id === 0 ? 0 : 1));
        truth += new Set(data).size - 1;
        split += watershed(mask, { width, height }).count;
        joined += components(mask, { width, height }).count;
      }
      expect(Math.abs(split - truth)).toBeLessThan(Math.abs(joined - truth));
      expect(Math.abs(split / truth - 1)).toBeLessThan(0.15);
    });
  },
);
