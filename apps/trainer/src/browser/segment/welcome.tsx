import type { DeviceFacts, ModelFacts } from "../engine/protocol";
import { FileButton } from "../parts/file-button";
import { IMAGE_TYPES, sampleImage } from "./sample-image";

/** What is seen before an image is open. */
export function Welcome({
  ready,
  blocked,
  device,
  model,
  onFile,
  fail,
}: {
  ready: boolean;
  blocked: boolean;
  device: DeviceFacts | null;
  model: ModelFacts | null;
  onFile: (file: File) => void;
  fail: (error: unknown) => void;
}) {
  return (
    <div class="welcome">
      <p class="big">Drop an image here to outline its nuclei</p>
      <p>PNG, JPEG or TIFF. It is read and computed in this browser and stays on this computer.</p>
      <div class="row">
        <FileButton main accept={IMAGE_TYPES} disabled={!ready} onFiles={([file]) => file && onFile(file)}>
          Open an image
        </FileButton>
        <button type="button" disabled={!ready} onClick={() => sampleImage().then(onFile, fail)}>
          Try a sample
        </button>
      </div>
      <p class="soft" data-ready={ready}>
        {ready && model
          ? `${model.name} on ${device?.name}`
          : blocked
            ? "Not available now: see above."
            : "Starting the engine ..."}
      </p>
      {ready && model?.builtin && (
        <p class="soft">
          This small model learned purple nuclei on a light ground. For other stains load weights, or train on a few of
          your own images.
        </p>
      )}
    </div>
  );
}
