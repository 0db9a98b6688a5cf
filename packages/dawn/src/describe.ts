/** What an adapter is, for people and for choosing among several. */
export interface AdapterDescription {
  /** `software` means that the CPU plays the GPU: right results, slow. */
  kind: "hardware" | "software";
  /** The two software adapters that this package knows by name. */
  software: "lavapipe" | "swiftshader" | "other" | null;
  name: string;
  vendor: string;
  architecture: string;
  /** The driver's own words, usually with its version. */
  driver: string;
}

/** Describes an adapter; `dawnName` is the name from Dawn's list where one was asked for. */
export function describe(info: GPUAdapterInfo, dawnName?: string): AdapterDescription {
  const { vendor, architecture, device, description } = info;
  const swiftshader = /swiftshader/i.test(`${architecture} ${device}`);
  const lavapipe = /llvmpipe|lavapipe/i.test(`${device} ${description}`);
  const isSoftware = info.isFallbackAdapter || swiftshader || lavapipe;
  const software = swiftshader ? "swiftshader" : lavapipe ? "lavapipe" : isSoftware ? "other" : null;
  const version = description.match(/Mesa ([\d.]+)/)?.[1] ?? description.match(/driver ([\d.]+)/)?.[1];
  const known = { swiftshader: "SwiftShader", lavapipe: "lavapipe" } as const;
  const name =
    software === "swiftshader" || software === "lavapipe"
      ? [known[software], software === "lavapipe" && version ? `Mesa ${version}` : version].filter(Boolean).join(" ")
      : dawnName || device.replace(/^-+|-+$/g, "") || description || "unknown adapter";
  return { kind: isSoftware ? "software" : "hardware", software, name, vendor, architecture, driver: description };
}

const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** Whether a part of a name, in any case and with any punctuation, is in what the adapter says of itself. */
export function matches(info: AdapterDescription, dawnName: string, part: string): boolean {
  const wanted = plain(part).replace(/^-|-$/g, "");
  const known = [info.name, dawnName, info.driver, `${info.vendor} ${info.architecture}`];
  return wanted !== "" && known.some((text) => plain(text).includes(wanted));
}
