import { createDevice, type Device } from "@ama-sam/tensor";
import { checkGolden, type Group } from "../check";

/** What the command asks of the browser. */
export interface BrowserTask {
  dir: string;
  groups: Group[];
  only: string | undefined;
}

let device: Device | null = null;

async function openAdapter(): Promise<Device> {
  if (device) return device;
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("this browser offers no adapter");
  device = await createDevice({ adapter });
  const { name, kind } = device.info;
  postMessage({ line: `in ${navigator.userAgent.match(/Chrome\/[\d.]+/)?.[0] ?? "a browser"} on ${name} (${kind})` });
  return device;
}

self.onmessage = ({ data }: MessageEvent<BrowserTask>) => {
  checkGolden({ ...data, gpu: openAdapter, say: (line) => postMessage({ line }) }).then(
    (counts) => postMessage({ counts }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
};
