import { type AdapterReport, listAdapters } from "@ama-sam/dawn";
import { type AddCommand, pathFrom, repeated } from "../command";
import type { SelfTest } from "../doctor/check";
import { type MemoryPlan, planMemory } from "../doctor/plan";
import { selfTest } from "../doctor/self-test";
import { measureSpeed, type Speed } from "../doctor/speed";
import { EXIT } from "../errors";
import { bytesText, textTable } from "../output/text";
import { readConfig } from "../session/config-file";
import { addAdapterOption, withDevice } from "../session/device";

interface DoctorFlags {
  adapter?: string;
  plan?: string;
  set?: string[];
  test: boolean;
  speed: boolean;
  json?: boolean;
}

/** `ama-sam doctor`: what this machine can do, and whether a run will fit. */
export const addDoctor: AddCommand = (program, { io, run }) => {
  const command = program
    .command("doctor")
    .summary("say what this machine can do, and whether a run fits")
    .description(
      "Lists the adapters, checks every op and a small model on the chosen one (results against float64 references, gradients against differences), and measures its speed. " +
        "With --plan it says how much memory a run will need on the GPU and in the computer, and whether it fits.",
    )
    .option("--plan <config>", "a YAML configuration")
    .option("--set <key=value>", "change a key of it; may be repeated", repeated)
    .option("--no-test", "leave out the self-test")
    .option("--no-speed", "leave out the measurement of speed")
    .option("--json", "print everything as JSON");
  addAdapterOption(command)
    .addHelpText("after", "\nExample: ama-sam doctor --plan configs/monuseg-primary.yaml")
    .action(
      run(async (flags: DoctorFlags) => {
        const config =
          flags.plan === undefined ? null : await readConfig(pathFrom(io, flags.plan), flags.set ?? [], io.cwd);
        const adapters = await listAdapters();
        if (!flags.json) io.out(adaptersText(adapters));
        const found = await withDevice(io, flags.adapter, async (device) => {
          if (!flags.json) io.out(`\nchecking ${device.info.name} (${device.info.kind})\n`);
          const tests = flags.test ? await selfTest(device) : [];
          if (!flags.json && flags.test) io.out(testsText(tests));
          const speed = flags.speed ? await measureSpeed(device) : null;
          if (!flags.json && speed) io.out(speedText(speed));
          const plan = config ? await planMemory(config, device) : null;
          if (!flags.json && plan) io.out(planText(plan));
          return { adapter: device.info, tests, speed, plan };
        });
        if (flags.json) io.out(`${JSON.stringify({ adapters, ...found }, null, 2)}\n`);
        const failed = found.tests.some((test) => !test.ok);
        return failed || found.plan?.fits === false ? EXIT.failure : EXIT.ok;
      }),
    );
};

function adaptersText(adapters: readonly AdapterReport[]): string {
  const rows = adapters.map((a) => [
    String(a.index),
    a.name.slice(0, 44),
    a.kind,
    a.source,
    a.f16 ? "yes" : "no",
    a.subgroups ? `${a.subgroups.min}-${a.subgroups.max}` : "no",
    bytesText(a.limits.maxStorageBufferBindingSize),
    bytesText(a.limits.maxBufferSize),
  ]);
  const table = textTable(
    ["index", "adapter", "kind", "from", "f16", "subgroups", "largest binding", "largest buffer"],
    rows,
    [1, 2, 3],
  );
  const software = adapters.every((a) => a.kind === "software");
  return `${table}${software ? "No hardware adapter: the CPU does the work, slowly. Install your GPU's Vulkan driver.\n" : ""}`;
}

function testsText(tests: readonly SelfTest[]): string {
  const bad = tests.filter((test) => !test.ok);
  const lines = bad.map(
    (test) =>
      `  WRONG  ${test.name}: ${test.message ?? `error ${test.error?.toExponential(1)}, allowed ${test.tolerance.toExponential(0)}`}\n`,
  );
  return `self-test: ${tests.length - bad.length} of ${tests.length} checks passed (every op and a small model, results and gradients)\n${lines.join("")}`;
}

function speedText({ gflops, gbs, matrix, bytes }: Speed): string {
  return `speed: ${gflops.toFixed(1)} GFLOP/s (matrix product, ${matrix} x ${matrix} x ${matrix}), ${gbs.toFixed(1)} GB/s (adding arrays of ${bytesText(bytes)})\n`;
}

function planText(plan: MemoryPlan): string {
  const rows = plan.parts.map(({ name, bytes }) => [name, bytesText(bytes)]);
  return (
    `\nmemory of a run of ${plan.what}:\n${textTable(["GPU", "bytes"], [...rows, ["together, at the peak", bytesText(plan.gpuBytes)], ["with buffers for reuse", bytesText(plan.reservedBytes)]])}` +
    `largest single buffer: ${bytesText(plan.largestBuffer)}, the adapter binds ${bytesText(plan.maxBinding)}\n` +
    `computer: ${plan.imagesKnown ? "" : "up to "}${bytesText(plan.cpuBytes)}${plan.imagesKnown ? "" : " (the data are not here: with a full data.cacheMb)"}, free ${bytesText(plan.freeCpuBytes)}\n` +
    `${plan.fits ? "It fits" : "It does not fit"}${plan.advice ? `. ${plan.advice}` : ""}\n`
  );
}
