import { histogram } from "./histogram";

/** Areas of the nuclei as bars, with words for those who cannot see them. */
export function AreaHistogram({ areas, micronsPerPixel }: { areas: Float64Array; micronsPerPixel: number | null }) {
  const scale = micronsPerPixel === null ? 1 : micronsPerPixel ** 2;
  const found = histogram(areas.map((area) => area * scale));
  if (!found) return <p class="soft">No nuclei.</p>;
  const unit = micronsPerPixel === null ? "px" : "µm²";
  const { counts, width, mean, median, beyond } = found;
  const most = Math.max(...counts);
  const words = `${areas.length} nuclei, median area ${median.toPrecision(3)} ${unit}, mean ${mean.toPrecision(3)} ${unit}`;
  const step = 100 / counts.length;
  return (
    <figure style={{ margin: 0 }} data-areas={unit}>
      <svg class="bars" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={words}>
        {counts.map((n, i) => (
          <rect key={i} x={i * step} width={step * 0.9} y={40 - (39 * n) / most} height={(39 * n) / most}>
            <title>{`${(i * width).toPrecision(3)} to ${((i + 1) * width).toPrecision(3)} ${unit}: ${n}`}</title>
          </rect>
        ))}
      </svg>
      <figcaption class="soft">
        <span style={{ display: "flex", justifyContent: "space-between" }}>
          <span>0</span>
          <span>
            {(width * counts.length).toPrecision(3)} {unit}
          </span>
        </span>
        Median {median.toPrecision(3)} {unit}, mean {mean.toPrecision(3)} {unit}
        {beyond > 0 && `; ${beyond} larger in the last bar`}
      </figcaption>
    </figure>
  );
}
