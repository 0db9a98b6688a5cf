import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where Linux distributions put the list of Vulkan drivers. */
const ICD = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
const NAMES = ["radeon_icd.json", "radeon_icd.x86_64.json"];
/** `test dword [reg + 16], 0xff00ff`, its last bytes: what stands before every call that adds a buffer to a command buffer. */
const TEST = Buffer.from([0x10, 0xff, 0x00, 0xff, 0x00]);
/** The jumps behind it, and what takes their place: past the call always, or never. */
const JUMPS = [
  { jump: [0x75], always: [0xeb] },
  { jump: [0x0f, 0x85], always: [0x90, 0xe9] },
  { jump: [0x74], always: [0x90, 0x90] },
  { jump: [0x0f, 0x84], always: [0x90, 0x90, 0x90, 0x90, 0x90, 0x90] },
];

interface Stats {
  key: string;
  error?: string;
  [stat: string]: string | number | undefined;
}

/**
 * A copy of Mesa's driver for AMD in `folder`, in which a GPU that is not there (RADV_FORCE_FAMILY) survives Dawn: Mesa 25.0 gives
 * it no function that adds buffers to command buffers, so the calls are jumped over. It compiles as before and computes nothing.
 */
function standIn(folder: string): string {
  const found = ICD.flatMap((dir) => NAMES.map((name) => join(dir, name))).find((path) => existsSync(path));
  if (!found) throw new Error("Mesa's driver for AMD is not installed. Expected the package mesa-vulkan-drivers.");
  const icd = JSON.parse(readFileSync(found, "utf8")) as { ICD: { library_path: string } };
  const named = icd.ICD.library_path;
  const library = [named, join("/usr/lib/x86_64-linux-gnu", named)].find((path) => existsSync(path));
  if (!library) throw new Error(`the driver is not where ${found} says. Got ${named}.`);
  const bytes = readFileSync(library);
  let calls = 0;
  for (let at = bytes.indexOf(TEST); at >= 0; at = bytes.indexOf(TEST, at + 1)) {
    const end = at + TEST.length;
    const opcode = bytes[at - 1] === 0x24 ? at - 3 : at - 2; // a base in r12 takes a byte more
    const found = JUMPS.find(({ jump }) => jump.every((byte, i) => bytes[end + i] === byte));
    if (bytes[opcode] !== 0xf7 || !found) continue;
    bytes.set(found.always, end);
    calls++;
  }
  if (calls === 0) throw new Error(`${library} has other code than expected. Expected Mesa 25.0 for x86-64.`);
  icd.ICD.library_path = join(folder, "libvulkan_radeon.so");
  writeFileSync(icd.ICD.library_path, bytes);
  const path = join(folder, "icd.json");
  writeFileSync(path, JSON.stringify(icd));
  return path;
}

/** What the compiler printed, by variant: the child writes `@@ key` before each, and `@@! message` where it is invalid. */
function read(log: string): Stats[] {
  return log
    .split(/^@@ /m)
    .slice(1)
    .map((part) => {
      const stats: Stats = { key: part.slice(0, part.indexOf("\n")), error: part.match(/^@@! (.*)$/m)?.[1] };
      for (const [, name, value] of part.matchAll(/^([A-Z][\w ]+): (\d+)$/gm)) stats[name] = Number(value);
      return stats;
    });
}

/**
 * Prints what Mesa's compiler makes of kernels for an AMD GPU that is not there, and whether it spills.
 * @returns the exit code: 1 where a variant does not compile or the driver gave up
 */
export function compileFor(family: string, name: string, set: string | undefined, asm: string | undefined): number {
  const folder = mkdtempSync(join(tmpdir(), "ama-sam-radv-"));
  try {
    const script = fileURLToPath(new URL("./stand-in.ts", import.meta.url));
    const run = fileURLToPath(new URL("../run.mjs", import.meta.url));
    const { stderr } = spawnSync(process.execPath, [run, script, name, ...(set === undefined ? [] : [set])], {
      encoding: "utf8",
      maxBuffer: 2 ** 30,
      env: {
        ...process.env,
        RADV_FORCE_FAMILY: family,
        RADV_DEBUG: `${asm === undefined ? "" : "shaders,"}shaderstats,nocache`,
        VK_DRIVER_FILES: standIn(folder),
      },
    });
    const all = read(stderr);
    for (const it of all) {
      const of = (stat: string) => it[stat] ?? "-";
      console.log(
        `${it.key.padEnd(64)} ${it.error ?? `${of("VGPRs")} registers, ${of("Spilled VGPRs")} spilled, ${of("Scratch size")} B scratch, ${of("LDS size")} B of workgroup memory, ${of("Subgroups per SIMD")} subgroups, ${of("Instructions")} instructions`}`,
      );
    }
    if (!stderr.includes("\n@@done")) {
      const last = stderr.trim().split("\n").at(-1) ?? "";
      console.error(
        `the driver stopped ${all.length > 0 ? `at ${all.at(-1)?.key}` : `before the first kernel: ${last}`}`,
      );
      return 1;
    }
    if (asm !== undefined) {
      const begin = stderr.lastIndexOf("\ndisasm:\n") + 1;
      writeFileSync(asm, stderr.slice(begin, stderr.indexOf("*** SHADER STATS", begin)));
      console.log(`machine code of ${all.at(-1)?.key}: ${asm}`);
    }
    return all.some((it) => it.error !== undefined && !it.error.startsWith("needs")) ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
