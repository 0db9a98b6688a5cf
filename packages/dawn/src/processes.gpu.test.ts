import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isClean, runChild, runChildren } from "../test-support/run-child";
import { isSwiftShaderPlatform } from "./swiftshader";

const cache = mkdtempSync(join(tmpdir(), "dawn-process-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

/** Runs the rest of the line where no Vulkan loader and no driver exist; only this process tree sees that. */
const BARE = `set -e; top=$(mktemp -d); mount -t tmpfs none $top; n=0
for dir in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /usr/local/lib; do
  ls $dir/libvulkan* >/dev/null 2>&1 || continue
  n=$((n+1)); mkdir $top/u$n $top/w$n
  mount -t overlay overlay -o lowerdir=$dir,upperdir=$top/u$n,workdir=$top/w$n $dir; rm -f $dir/libvulkan*
done
if [ -d /usr/share/vulkan ]; then mount -t tmpfs none /usr/share/vulkan; fi
unset VK_ICD_FILENAMES VK_DRIVER_FILES VK_ADD_DRIVER_FILES; exec "$@"`;
const WRAP = ["unshare", "-m", "--propagation", "private", "sh", "-c", BARE, "sh"];

function canMount(): boolean {
  try {
    execFileSync(WRAP[0], [...WRAP.slice(1), "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.runIf(isSwiftShaderPlatform())("processes", () => {
  it("compute, let go and end by themselves, many at once", async () => {
    const ends = await runChildren(6, 6, { open: [{ adapter: "swiftshader" }, { adapter: "swiftshader" }] });
    expect(ends.filter((end) => !isClean(end))).toEqual([]);
    expect(ends).toHaveLength(6);
  });

  it.runIf(canMount())("find the bundled adapter where the system has no Vulkan loader and no driver", async () => {
    const env = { XDG_CACHE_HOME: cache, AMA_SAM_ADAPTER: "" };
    const end = await runChild({ open: [{}, {}] }, { env, wrap: WRAP });
    expect(end).toMatchObject({ code: 0, signal: null });
    expect(isClean(end)).toBe(true);
    expect(end.report?.names).toEqual(["SwiftShader 5.0.0", "SwiftShader 5.0.0"]);
    expect(end.report?.log[0]).toContain("install");
    // Dawn has nothing to complain about.
    expect(end.stderr).toBe("");
    expect(readdirSync(join(cache, "ama-sam"))).toHaveLength(1);
  });
});
