import { expect, it } from "vitest";
import { exportFile } from "./exports";
import { NOT_FOR_DIAGNOSIS } from "./notice-text";

const image = { name: "x.png", width: 4, height: 4, rgb: new Uint8Array(48), micronsPerPixel: null, warnings: [] };
const labels = { width: 4, height: 4, data: Uint32Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 1 : 0)), count: 1 };

it("says in GeoJSON and PNG what the file is not for, and that the model saw the image recoloured", async () => {
  for (const recolored of [false, true]) {
    const notice = recolored ? `${NOT_FOR_DIAGNOSIS} The model saw the image recoloured.` : NOT_FOR_DIAGNOSIS;
    const json = await exportFile({ format: "geojson", labels, micronsPerPixel: null }, image, recolored);
    expect(JSON.parse(await json.text())).toMatchObject({ note: notice, features: [{ type: "Feature" }] });
    const png = await exportFile({ format: "png", labels, micronsPerPixel: null }, image, recolored);
    const text = Buffer.from(await png.arrayBuffer()).toString("latin1");
    expect(text).toContain(`tEXtComment\0${notice}`);
    expect(text.includes("recoloured")).toBe(recolored);
  }
});
