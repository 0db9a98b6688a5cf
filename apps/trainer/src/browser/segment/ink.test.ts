import { expect, it } from "vitest";
import { nucleusInk, truthInk } from "./ink";

it("draws annotations in white on dark images and in black on light ones", () => {
  expect(truthInk({ rgb: new Uint8Array(300_000).fill(20) }).name).toBe("white");
  expect(truthInk({ rgb: new Uint8Array(300_000).fill(220) }).name).toBe("black");
  expect(truthInk({ rgb: new Uint8Array(3).fill(220) }).name).toBe("black");
});

it("gives nuclei that follow each other different colours", () => {
  for (let id = 1; id < 20; id++) expect(nucleusInk(id)).not.toEqual(nucleusInk(id + 1));
});
