// A worker thread that serves samples of `workerData.root`; the tests of `sample-worker.ts` start it.
import { parentPort, workerData } from "node:worker_threads";
import { type SamplePort, serveSamples } from "../src/index";
import { nodeSource } from "./node-source";

if (parentPort) serveSamples(parentPort as unknown as SamplePort, nodeSource(workerData.root), workerData.options);
