import { expect, it } from "vitest";
import { announce } from "./advice";
import { AdapterError, openGpu } from "./index";

it("refuses wrong options before it looks for anything", async () => {
  const reasons = async (options: unknown) => {
    const error = await openGpu(options as object).catch((e: unknown) => e);
    expect(AdapterError.isInstance(error)).toBe(true);
    return `${(error as AdapterError).reason}: ${(error as AdapterError).message}`;
  };
  expect(await reasons({ software: "maybe" })).toMatch(
    /^options: \[openGpu\] .*Got "maybe".*"auto", "never" or "always"/,
  );
  expect(await reasons({ adapter: -1 })).toMatch(/^options: .*Got -1/);
  expect(await reasons({ adapter: 1.5 })).toMatch(/^options: .*Got 1.5/);
  expect(await reasons({ adapter: {} })).toMatch(/^options: /);
  expect(await reasons({ adapter: "hardware", software: "always" })).toMatch(/^options: .*contradict/);
  expect(await reasons({ adapter: "SwiftShader", software: "never" })).toMatch(/^options: .*contradict/);
});

it("tells a user of a software adapter what to install, and of hardware nothing", () => {
  const base = { vendor: "", architecture: "", driver: "driver 1.2" };
  const software = announce({ ...base, kind: "software", software: "swiftshader", name: "SwiftShader 5.0.0" });
  expect(software).toMatch(/^GPU: SwiftShader 5\.0\.0 \(software/);
  expect(software).toContain("install");
  expect(announce({ ...base, kind: "hardware", software: null, name: "RTX" })).toBe("GPU: RTX (hardware, driver 1.2)");
});
