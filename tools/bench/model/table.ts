import { markdown } from "../../cost/report";
import type { JobTimes } from "./jobs";
import type { TorchTimes } from "./torch";

/** What ours is set against: f32 against PyTorch's f32, frozen weights in f16 on matrix units against bf16 autocast. */
const RIVAL = { f32: "fp32", f16: "bf16" } as const;

/** Every job beside PyTorch's, as Markdown: ratios of speed (above 1: ours is faster), and where ours spends its time. */
export function modelTable(ours: readonly JobTimes[], torch: readonly TorchTimes[]): string {
  const head = ["job", "frozen weights", "ms", "in kernels", "encoding", "peak MiB", "PyTorch ms", "ours / PyTorch"];
  const rows = ours.map((t) => {
    const rival = torch.find((r) => r.job === t.job && r.precision === RIVAL[t.weights]);
    return [
      t.job,
      t.weights,
      t.ms.toFixed(1),
      t.inKernels === null ? "-" : share(t.inKernels),
      share(t.encodeMs / t.ms),
      t.peakMib.toFixed(0),
      rival ? `${rival.ms.toFixed(1)} (${rival.precision})` : "-",
      rival ? `${(rival.ms / t.ms).toFixed(2)} x` : "-",
    ];
  });
  return markdown([head, ...rows]);
}

const share = (x: number) => `${(100 * x).toFixed(0)} %`;
