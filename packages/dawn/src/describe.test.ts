import { expect, describe as group, it } from "vitest";
import { describe, matches } from "./describe";

const info = (values: Partial<GPUAdapterInfo>) =>
  ({
    vendor: "",
    architecture: "",
    device: "",
    description: "",
    isFallbackAdapter: false,
    ...values,
  }) as GPUAdapterInfo;

const LAVAPIPE = info({
  vendor: "mesa",
  architecture: "software",
  device: "llvmpipe-llvm-15-0-6-256-bits-",
  description: "llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6) 0.0.1",
  isFallbackAdapter: true,
});
const SWIFTSHADER = info({
  vendor: "google",
  architecture: "swiftshader",
  device: "swiftshader-device-subzero-",
  description: "SwiftShader driver 5.0.0",
});
const NVIDIA = info({
  vendor: "nvidia",
  architecture: "hopper",
  device: "nvidia-h100-pcie",
  description: "NVIDIA: 570.1",
});

group("describe", () => {
  it("knows the two software adapters, also where Dawn does not call them fallback", () => {
    expect(describe(LAVAPIPE)).toMatchObject({ kind: "software", software: "lavapipe", name: "lavapipe Mesa 25.0.7" });
    expect(describe(SWIFTSHADER)).toMatchObject({
      kind: "software",
      software: "swiftshader",
      name: "SwiftShader 5.0.0",
    });
  });

  it("names hardware by Dawn's list, else by its slug", () => {
    expect(describe(NVIDIA)).toMatchObject({ kind: "hardware", software: null, name: "nvidia-h100-pcie" });
    expect(describe(NVIDIA, "NVIDIA H100 PCIe").name).toBe("NVIDIA H100 PCIe");
  });

  it("takes any other fallback adapter for software", () => {
    const warp = info({ vendor: "microsoft", device: "microsoft-basic-render-driver", isFallbackAdapter: true });
    expect(describe(warp)).toMatchObject({ kind: "software", software: "other" });
  });
});

it("matches a part of a name in any case and punctuation", () => {
  const it_ = describe(NVIDIA);
  for (const part of ["H100", "nvidia h100", "PCIe", "hopper", "570.1"])
    expect(matches(it_, "NVIDIA H100 PCIe", part)).toBe(true);
  for (const part of ["H200", "", "  ", "-"]) expect(matches(it_, "NVIDIA H100 PCIe", part)).toBe(false);
});
