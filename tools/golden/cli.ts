// npm run golden -- [DIR] [--only ops,metrics,...] [--adapter NAME] [--case TEXT] [--family OP:NAME] [--as-gpu] [--browser]
import { parseArgs } from "node:util";
import { openGpu } from "@ama-sam/dawn";
import { type Device, setFlags } from "@ama-sam/tensor";
import { goldenDir } from "@ama-sam/testing";
import { checkGolden, GROUPS, type Group } from "./check";

const HELP = `Checks this code against values that PyTorch computed.

  npm run golden -- [DIR] [--only GROUPS] [--adapter NAME] [--case TEXT] [--family OP:NAME] [--as-gpu] [--browser]

  DIR        a golden folder (default: test/golden of this repository)
  --only     groups by comma: ops, metrics, models, training, checkpoints, fullsize
             (default: all but fullsize, which takes minutes and needs a few GiB)
  --adapter  swiftshader, lavapipe, hardware, or a part of an adapter's name
  --case     only cases whose id contains TEXT
  --family   kernels to force, by op and comma: matmul:tile,attention:plain (as TENSOR_FAMILY does)
  --as-gpu   run what a GPU would, whatever the adapter: minutes on a software one, whose compilers were not made for such kernels
  --browser  the same checks in Chromium, on the shaders as the page ships them; --adapter swiftshader (default) or hardware

Prints a line per failing tensor and ends with "N passed, N failed".`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      adapter: { type: "string" },
      case: { type: "string" },
      family: { type: "string" },
      "as-gpu": { type: "boolean" },
      browser: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (positionals[0]) process.env.AMA_SAM_GOLDEN_DIR = positionals[0];
  const dir = goldenDir();
  const wanted = values.only ? values.only.split(",").map((g) => g.trim()) : GROUPS.filter((g) => g !== "fullsize");
  const unknown = wanted.find((g) => !GROUPS.includes(g as Group));
  if (unknown) {
    console.error(`unknown group ${unknown}; expected some of ${GROUPS.join(", ")}`);
    return 2;
  }
  if (values["as-gpu"] && values.browser) {
    console.error("--as-gpu does not reach the browser's worker; leave out --browser");
    return 2;
  }
  if (values.family !== undefined) {
    if (values.browser) {
      console.error("--family does not reach the browser's worker; leave out --browser");
      return 2;
    }
    setFlags({ family: values.family });
  }
  const groups = wanted as Group[];
  const say = (line: string) => console.log(line);
  let device: Device | null = null;
  const info = values["as-gpu"] ? ({ kind: "hardware" } as const) : {};
  const gpu = async () => (device ??= await openGpu({ adapter: values.adapter, info }));
  // The browser's tools load only where they are asked for: golden data also run where they are not installed.
  // An adapter that is not there is one error, not one of every case.
  if (!values.browser && groups.some((group) => group !== "metrics" && group !== "checkpoints")) {
    try {
      await gpu();
    } catch (error) {
      console.error((error as Error).message);
      return 2;
    }
  }
  const { passed, failed } = values.browser
    ? await (await import("./browser/run")).checkInBrowser({
        dir,
        groups,
        only: values.case,
        adapter: values.adapter ?? "swiftshader",
        say,
      })
    : await checkGolden({ dir, groups, only: values.case, gpu, say });
  if (device) await (device as Device).dispose();
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

process.exitCode = await main();
