import type { MetricName } from "@ama-sam/metrics";

/** What each number of the report means, for people who did not write the evaluation. */
export const DEFINITIONS: Readonly<Partial<Record<MetricName | "macroF1", string>>> = {
  dsc: "Dice: 2 |P and T| / (|P| + |T|) of the foreground pixels of an image, then the mean over images.",
  iou: "Intersection over union of the foreground pixels of an image, then the mean over images (no background class).",
  macroF1: "2PR / (P + R) of the mean precision and the mean recall over images: the paper's F1.",
  precision: "Share of the predicted foreground pixels that are true.",
  recall: "Share of the true foreground pixels that are predicted.",
  hd: "Hausdorff distance in pixels: the largest distance from an outline to the other one. Smaller is better; without a prediction it is infinite and left out of the mean.",
  hd95: "As HD, with the 95th percentile in place of the largest distance.",
  aji: "Aggregated Jaccard index: every true nucleus takes the prediction that fits it best; what nothing takes counts as error.",
  dq: "Detection quality: F1 of nuclei matched at an IoU above 0.5.",
  sq: "Segmentation quality: mean IoU of the matched nuclei.",
  pq: "Panoptic quality: DQ times SQ.",
};

/** Names as tables print them. */
export const METRIC_TITLES: Readonly<Partial<Record<MetricName | "macroF1", string>>> = {
  dsc: "DSC",
  iou: "mIoU",
  precision: "precision",
  recall: "recall",
  macroF1: "F1",
  hd: "HD",
  hd95: "HD95",
  aji: "AJI",
  dq: "DQ",
  sq: "SQ",
  pq: "PQ",
};
