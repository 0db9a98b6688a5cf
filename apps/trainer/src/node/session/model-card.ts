import type { Aggregate } from "@ama-sam/metrics";
import type { Config } from "ama-sam";
import { METRIC_TITLES } from "../output/report/definitions";
import { percent } from "../output/text";
import type { Environment } from "./environment";
import { protocolOf } from "./evaluation";
import type { RunData } from "./open-data";

/** What a model card is made of. */
export interface CardFacts {
  name: string;
  config: Config;
  data: RunData;
  environment: Environment;
  steps: number;
  weightsSha256: string | null;
  /** Scores on the test images; null where there are none. */
  mean: Aggregate | null;
}

const SHOWN = ["dsc", "iou", "macroF1", "hd", "aji", "dq", "sq", "pq"] as const;

/** `MODEL_CARD.md`: what the model is, what it learned from, how good it is, and what it is not for. */
export function modelCard({ name, config, data, environment, steps, weightsSha256, mean }: CardFacts): string {
  const { model, train } = config;
  const sets = Object.entries(data.splits).map(
    ([set, { train: a, valid, test }], i) =>
      `| ${set} | ${i === 0 ? "primary" : "auxiliary"} | ${a.length} | ${valid.length} | ${test.length} |`,
  );
  const scores = mean
    ? `| ${SHOWN.map((m) => METRIC_TITLES[m]).join(" | ")} |\n|${" --- |".repeat(SHOWN.length)}\n| ${SHOWN.map((m) => (m === "hd" ? mean.hd.toFixed(2) : percent(mean[m]))).join(" | ")} |\n\n${mean.images} held-out images of the primary set. ${protocolOf(config)}`
    : "Not evaluated on held-out images.";
  return `# ${name}

AMA-SAM: a Segment Anything model for cell nuclei, preset \`${model.preset}\`, decoder \`${model.decoder}\`, domain alignment \`${model.align}\`.

## Intended use

Research on the segmentation of nuclei in microscopy images that look like the primary data set. Not a medical device, not for diagnosis.
Images of other stains, magnifications or organs than those below need an evaluation of their own.

## Data

| data set | role | train | validation | test |
| --- | --- | --- | --- | --- |
${sets.join("\n")}

Ids are in \`splits.json\`, a hash of each list of images, and of their annotations, in \`env.json\`. The licences of the data sets apply.

## Scores

${scores}

## Training

${steps} steps of ${train.batch} images, Adam, learning rate ${train.lr === "paper" ? "as in the paper (2e-4 * 40 / images)" : train.lr}, schedule ${train.schedule}, seeds ${environment.seeds.weights} (weights) and ${environment.seeds.data} (data).
${environment.baseSha256 ? `Started from a checkpoint with SHA-256 \`${environment.baseSha256}\`.` : "Trained from scratch."}
Everything is in \`config.yaml\`; the run was made on ${environment.adapter.name} with Node ${environment.node}.
${weightsSha256 ? `\nWeights: SHA-256 \`${weightsSha256}\`.\n` : ""}`;
}
