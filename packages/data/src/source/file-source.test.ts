import { describe, expect, it } from "vitest";
import { DataError } from "../errors";
import { fileListSource, listClean, memorySource, subSource } from "./file-source";
import { extension, isJunkPath, normalName, stem } from "./paths";
import { sha256Hex } from "./sha256";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("sources", () => {
  it("memory: lists sorted, reads, refuses what is not there and paths that leave", async () => {
    const source = memorySource({ "b/c.png": bytes("c"), "./a.png": bytes("a") });
    expect(await source.list()).toEqual(["a.png", "b/c.png"]);
    expect(await source.read("a.png")).toEqual(bytes("a"));
    await expect(source.read("nope")).rejects.toThrow(/no such file. Got "nope"/);
    expect(() => memorySource({ "../x": bytes("x") })).toThrow(DataError);
  });

  it("file lists: the picked folder's structure is kept, nothing is read early", async () => {
    let reads = 0;
    const file = (name: string, webkitRelativePath?: string) => ({
      name,
      webkitRelativePath,
      arrayBuffer: async () => {
        reads++;
        return bytes(name).buffer as ArrayBuffer;
      },
    });
    const source = fileListSource([file("a.png", "set/images/a.png"), file("loose.png", "")]);
    expect(await source.list()).toEqual(["loose.png", "set/images/a.png"]);
    expect(reads).toBe(0);
    expect(await source.read("set/images/a.png")).toEqual(bytes("a.png"));
    expect(await subSource(source, "set").list()).toEqual(["images/a.png"]);
    expect(await subSource(source, "set/").read("images/a.png")).toEqual(bytes("a.png"));
  });

  it("junk is left out of clean lists", async () => {
    const names = ["__MACOSX/a.png", "x/._a.png", "x/.DS_Store", "x/Thumbs.db", "x/a.png"];
    expect(await listClean(memorySource(Object.fromEntries(names.map((name) => [name, bytes("")]))))).toEqual([
      "x/a.png",
    ]);
    expect(isJunkPath("a/b.c/d.png")).toBe(false);
  });

  it("names: stems keep inner dots, folder names are compared loosely", () => {
    expect([stem("a/HE.01.png"), stem(".hidden"), stem("x")]).toEqual(["HE.01", ".hidden", "x"]);
    const packed = ["a/HE.01.GeoJSON.gz", "b.json.GZ", "c.gz", ".gz", ".d.gz"];
    expect(packed.map(stem)).toEqual(["HE.01", "b", "c", ".gz", ".d"]);
    expect(packed.map(extension)).toEqual(["geojson.gz", "json.gz", "gz", "", "gz"]);
    expect(new Set(["Tissue Images", "tissue_images", "Tissue-Images "].map(normalName)).size).toBe(1);
  });

  it("sha256 of nothing and of abc, views included", async () => {
    expect(await sha256Hex(bytes(""))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(await sha256Hex(bytes("xabcx").subarray(1, 4))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
  });
});
