#!/usr/bin/env bash
# Runs a TypeScript entry of this checkout on a machine that has neither Node nor a network, with what npm run offline packed:
#   bash .gpu/run.sh tools/golden/cli.ts [ARG ...]
# A checkout without node_modules gets the packed ones; Node and the Vulkan loader go to a folder of their own.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
dir=${AMA_SAM_OFFLINE_DIR:-${TMPDIR:-/tmp}/ama-sam-offline}
mkdir -p "$dir"
[ -x "$dir/node" ] || tar -xJf "$here/node.tar.xz" -C "$dir"
[ -d "$root/node_modules" ] || tar -xJf "$here/modules.tar.xz" -C "$root"
if ! ldconfig -p 2>/dev/null | grep -q libvulkan.so.1; then
  for deb in "$here"/deb/*.deb; do [ -f "$deb" ] && dpkg -x "$deb" "$dir/deb"; done
  export LD_LIBRARY_PATH="$dir/deb/usr/lib/x86_64-linux-gnu${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
# Where containers get NVIDIA's driver mounted, its manifest is not where loaders look.
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && [ -f "$nvidia" ]; then export VK_DRIVER_FILES=$nvidia; fi
cd "$root"
exec "$dir/node" tools/run.mjs "$@"
