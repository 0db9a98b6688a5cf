// A thread that decodes and augments samples for `sampleThreads`. It imports as little as it can: it starts with every run.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { type FileSource, type SampleLoaderOptions, type SamplePort, serveSamples } from "@ama-sam/data";

/** What `sampleThreads` hands to its threads. */
export interface ThreadData {
  /** Folders of the data sets; a path begins with the number of its folder. */
  folders: readonly string[];
  options: SampleLoaderOptions;
}

if (parentPort) {
  const { folders, options } = workerData as ThreadData;
  const source: FileSource = {
    list: async () => [],
    read: (path) => {
      const cut = path.indexOf("/");
      return readFile(join(folders[Number(path.slice(0, cut))]!, path.slice(cut + 1)));
    },
  };
  serveSamples(parentPort as SamplePort, source, options);
}
