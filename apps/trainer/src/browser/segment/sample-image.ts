/** Endings and types that the page opens as images. */
export const IMAGE_TYPES = "image/png,image/jpeg,image/tiff,.tif,.tiff,.png,.jpg,.jpeg";

const SAMPLE = "samples/dsb_purple_white/images/2c61fdcb.png";

/** A held-out image of the committed CC0 samples. */
export async function sampleImage(): Promise<File> {
  const response = await fetch(new URL(SAMPLE, location.href));
  if (!response.ok) throw new Error(`The sample image is missing beside the page (${response.status}).`);
  return new File([await response.blob()], "sample-purple.png", { type: "image/png" });
}
