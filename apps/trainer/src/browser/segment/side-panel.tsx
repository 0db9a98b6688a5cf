import type {
  DeviceFacts,
  ExportRequest,
  LabelSettings,
  ModelFacts,
  OpenedImage,
  TruthScores,
} from "../engine/protocol";
import { FileButton } from "../parts/file-button";
import { NumberField } from "../parts/number-field";
import { AreaHistogram } from "./area-histogram";
import { truthInk } from "./ink";
import { IMAGE_TYPES } from "./sample-image";

interface Props {
  image: OpenedImage | null;
  model: ModelFacts | null;
  device: DeviceFacts | null;
  ready: boolean;
  settings: LabelSettings;
  onSettings: (settings: LabelSettings) => void;
  /** By which the nuclei on the screen were made. */
  shown: LabelSettings | null;
  /** In pixels. */
  areas: Float64Array | null;
  count: number | null;
  edited: boolean;
  micronsPerPixel: number | null;
  onMicrons: (value: number | null) => void;
  truth: TruthScores | null;
  onTruth: (file: File) => void;
  onImage: (file: File) => void;
  onSegment: () => void;
  /** Whether the image looks like bright nuclei on a dark ground. */
  dark: boolean;
  /** Whether the model sees it as purple on light grey. */
  recolored: boolean;
  onRecolored: (value: boolean) => void;
  onSave: (format: ExportRequest["format"]) => void;
}

const FORMATS: readonly [ExportRequest["format"], string, string][] = [
  ["geojson", "GeoJSON", "For QuPath: File > Import objects"],
  ["geojson.gz", "GeoJSON, gzip", "The same, compressed; QuPath opens it as it is"],
  ["png", "Labels PNG", "16-bit: the value of a pixel is its nucleus"],
  ["csv", "Measurements CSV", "Area, perimeter, shape and mean colour of each nucleus"],
  ["overlay", "Overlay PNG", "The image with outlines"],
];
const percent = (value: number): string => (100 * value).toFixed(1);

/** Settings, counts, comparison and export beside the image. */
export function SidePanel(props: Props) {
  const { image, model, ready, settings, onSettings, shown, areas, count, edited, micronsPerPixel, onMicrons, truth } =
    props;
  const { dark, recolored, onRecolored } = props;
  const has = count !== null;
  return (
    <aside class="side" aria-label="Results and settings">
      <section class="box">
        <h2>Image</h2>
        {image && (
          <p class="soft">
            {image.name}, {image.width} x {image.height}
          </p>
        )}
        <div class="row">
          <FileButton accept={IMAGE_TYPES} disabled={!ready} onFiles={([file]) => file && props.onImage(file)}>
            {image ? "Another image" : "Open an image"}
          </FileButton>
          <button type="button" disabled={!ready || !image} onClick={props.onSegment}>
            Run again
          </button>
        </div>
        {(dark || recolored) && (
          <label>
            <input
              type="checkbox"
              checked={recolored}
              disabled={!ready}
              onChange={(e) => onRecolored(e.currentTarget.checked)}
            />{" "}
            Recolour for the model
          </label>
        )}
        {model && (
          <p class="soft" data-model={model.state}>
            Model: {model.name}, {(model.parameters / 1e6).toFixed(1)} M parameters
            {model.state === "sam" &&
              ". These are SAM's weights alone: clicks and boxes work; nothing finds nuclei by itself until it is trained"}
          </p>
        )}
      </section>
      <section class="box">
        <h2>Nuclei</h2>
        <p>
          <span class="number" data-count={count ?? ""}>
            {has ? count.toLocaleString("en") : "–"}
          </span>{" "}
          {areas && image && (
            <span class="soft" data-shown={shown && `${shown.method} ${shown.threshold}`}>
              on {percent(areas.reduce((sum, area) => sum + area, 0) / (image.width * image.height))} % of the image
              {edited && ", with your corrections"}
            </span>
          )}
        </p>
        {count === 0 && shown && !edited && (
          <div class="none" data-none>
            <p>
              <strong>No nucleus found</strong> at threshold {shown.threshold.toFixed(2)}.{" "}
              {dark && !recolored
                ? "Models of stained tissue know dark nuclei on a light ground; this image is the other way round. Recoloured like a stain, the model may know them."
                : "Lower the threshold. If nothing comes, this model never learned such images: train it on a few of yours (Train), or load other weights (Weights)."}
            </p>
            {dark && !recolored && (
              <button type="button" class="main" disabled={!ready} onClick={() => onRecolored(true)}>
                Recolour and look again
              </button>
            )}
          </div>
        )}
        <label class="row">
          <span>Threshold</span>
          <input
            type="range"
            min="0.05"
            max="0.95"
            step="0.01"
            value={settings.threshold}
            disabled={!has}
            onInput={(e) => onSettings({ ...settings, threshold: Number(e.currentTarget.value) })}
          />
          <output>{settings.threshold.toFixed(2)}</output>
        </label>
        <fieldset class="row">
          <legend class="soft">Touching nuclei</legend>
          {(["components", "watershed"] as const).map((method) => (
            <label key={method}>
              <input
                type="radio"
                name="method"
                checked={settings.method === method}
                disabled={!has}
                onChange={() => onSettings({ ...settings, method })}
              />{" "}
              {method === "components" ? "stay one (components)" : "are split (watershed)"}
            </label>
          ))}
        </fieldset>
        <NumberField
          row
          label="Smallest, pixels"
          min="0"
          step="1"
          value={settings.minArea}
          disabled={!has}
          onValue={(value) => onSettings({ ...settings, minArea: Math.max(0, Math.round(value) || 0) })}
        />
        {edited && <p class="soft">Changing these starts anew from the model: corrections are dropped.</p>}
      </section>
      <section class="box">
        <h2>Areas</h2>
        <NumberField
          row
          label="Pixel size, µm"
          min="0"
          step="0.001"
          placeholder="unknown"
          value={micronsPerPixel}
          disabled={!image}
          onValue={(value) => onMicrons(value > 0 ? value : null)}
        />
        {image && micronsPerPixel === null && (
          <p class="soft">
            The file does not say how large a pixel is, so areas are in pixels. 40x scans have about 0.25 µm.
          </p>
        )}
        {areas && <AreaHistogram areas={areas} micronsPerPixel={micronsPerPixel} />}
      </section>
      <section class="box">
        <h2>Compare with annotations</h2>
        <FileButton
          accept=".geojson,.json,.gz,.xml,.mat,.npy,.png,.tif,.tiff"
          disabled={!ready || !image}
          onFiles={([file]) => file && props.onTruth(file)}
        >
          Import annotations
        </FileButton>
        {truth ? (
          <>
            <div class="scores" data-scores>
              <div>
                DSC <b>{percent(truth.scores.dsc)}</b>
              </div>
              <div>
                AJI <b>{percent(truth.scores.aji)}</b>
              </div>
              <div>
                PQ <b>{percent(truth.scores.pq)}</b>
              </div>
            </div>
            <p class="soft">
              {truth.predicted} found, {truth.annotated} annotated ({truthInk(image!).name}). In percent; nuclei by{" "}
              {settings.method}, under {settings.minArea} pixels dropped, threshold {settings.threshold.toFixed(2)}.
            </p>
          </>
        ) : (
          <p class="soft">GeoJSON, ImageScope XML, MAT, npy or a label image of this picture.</p>
        )}
      </section>
      <section class="box">
        <h2>Export</h2>
        <div class="row">
          {FORMATS.map(([format, name, title]) => (
            <button
              key={format}
              type="button"
              disabled={!has || !ready}
              title={title}
              data-export={format}
              onClick={() => props.onSave(count! > 65_535 && format === "png" ? "tiff" : format)}
            >
              {count !== null && count > 65_535 && format === "png" ? "Labels TIFF" : name}
            </button>
          ))}
        </div>
        <p class="soft">Files say that they are for research only, not for diagnosis.</p>
      </section>
    </aside>
  );
}
