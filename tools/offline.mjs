// npm run offline: packs Node, what npm installed that this repository runs on, and the Vulkan loader into .gpu/, for a bare x86-64
// Linux machine with a GPU and no network. There, in a copy of this checkout: bash .gpu/run.sh tools/bench/cli.ts [ARG ...]
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { root, workspaces } from "./workspace.mjs";

const out = join(root, ".gpu");
const sh = (command, args, options) =>
  execFileSync(command, args, { stdio: ["ignore", "pipe", "inherit"], ...options });

/** Folder of a package as Node finds it from another folder; null where npm left it out (another platform's). */
function installed(name, from) {
  for (let dir = from; ; dir = dirname(dir)) {
    const path = join(dir, "node_modules", name);
    if (existsSync(join(path, "package.json"))) return path;
    if (dir === root || dir === dirname(dir)) return null;
  }
}

/** Folders of packages and of all that they need, relative to the root. */
function closure(names, from, found = new Set()) {
  for (const name of names) {
    const path = installed(name, from);
    if (!path || found.has(relative(root, path))) continue;
    found.add(relative(root, path));
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(path, "package.json"), "utf8"),
    );
    closure(Object.keys({ ...dependencies, ...optionalDependencies }), path, found);
  }
  return found;
}

/** What the sources run on: TypeScript's loader, and every workspace's own dependencies; the workspaces themselves as links. */
function modules() {
  const all = workspaces("packages", "apps");
  const own = new Set(all.map(({ manifest }) => manifest.name));
  const found = closure(["tsx"], root);
  for (const { dir, manifest } of all) {
    found.add(`node_modules/${manifest.name}`);
    closure(
      Object.keys(manifest.dependencies ?? {}).filter((name) => !own.has(name)),
      join(root, dir),
      found,
    );
  }
  return [...found].sort();
}

if (process.argv.length > 2) {
  console.log(
    "npm run offline\n\nPacks Node, the installed modules and the Vulkan loader into .gpu/ (30 MB): CONTRIBUTING.md says what for. Takes no options.",
  );
  process.exit(process.argv.includes("--help") || process.argv.includes("-h") ? 0 : 2);
}
if (process.platform !== "linux" || process.arch !== "x64") {
  console.error(
    `npm run offline packs what is installed here, for a machine of the same kind. Got ${process.platform} ${process.arch}. Expected linux x64.`,
  );
  process.exit(2);
}
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "deb"), { recursive: true });
const work = mkdtempSync(join(tmpdir(), "ama-sam-offline-"));
const node = join(work, "node");
copyFileSync(process.execPath, node);
chmodSync(node, 0o755);
try {
  sh("strip", [node]);
} catch {
  console.error("no strip (binutils) here: Node is packed with its symbols");
}
const env = { ...process.env, XZ_OPT: "-T0 -9" };
sh("tar", ["-cJf", join(out, "node.tar.xz"), "-C", work, "node"], { env });
rmSync(work, { recursive: true, force: true });
// Dawn for other platforms, documentation and source maps are most of what is installed.
const leave = ["*.map", "*.md", "dist/darwin-*", "dist/win32-*", "dist/linux-arm64"].map((it) => `--exclude=${it}`);
sh("tar", ["-cJf", join(out, "modules.tar.xz"), ...leave, "-C", root, ...modules()], { env });
try {
  sh("apt-get", ["download", "-qq", "libvulkan1"], { cwd: join(out, "deb") });
} catch {
  console.error("no package libvulkan1 here: the other machine must have a Vulkan loader of its own");
}
writeFileSync(join(out, "run.sh"), readFileSync(join(root, "tools/offline-run.sh")), { mode: 0o755 });
const bytes = readdirSync(out, { recursive: true }).reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
console.log(
  `${relative(process.cwd(), out) || "."}: ${(bytes / 2 ** 20).toFixed(0)} MiB. On the other machine, in a copy of this checkout:\n  bash .gpu/run.sh tools/bench/cli.ts`,
);
