import { useEffect, useRef } from "preact/hooks";
import type { TrainPreview } from "../engine/protocol";

/** Validated images with what was annotated and found. */
export function Previews({ previews }: { previews: readonly TrainPreview[] }) {
  return (
    <div class="previews">
      {previews.map((preview) => (
        <Preview key={`${preview.epoch}/${preview.id}`} preview={preview} />
      ))}
    </div>
  );
}

function Preview({ preview: { id, epoch, width, height, rgba, dsc } }: { preview: TrainPreview }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0), [rgba]);
  const words = `${id}, epoch ${epoch}, DSC ${(100 * dsc).toFixed(1)}`;
  return (
    <figure>
      <canvas ref={canvas} width={width} height={height} role="img" aria-label={words} />
      <figcaption class="soft">{words}</figcaption>
    </figure>
  );
}
