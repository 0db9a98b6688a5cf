import type { StepEvent, TrainEvent, ValidationEvent } from "ama-sam";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 240;
/** Distances between marks of the steps: there are no half steps. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

/** Loss by step, and the validation scores where there are any. */
export function Curves({ events }: { events: readonly TrainEvent[] }) {
  const steps = events.filter((event): event is StepEvent => event.type === "step" && !event.skipped);
  const scores = events.filter((event): event is ValidationEvent => event.type === "validation");
  const loss: uPlot.AlignedData = [
    steps.map(({ step }) => step),
    steps.map((e) => e.loss),
    steps.map((e) => e.fine),
    steps.map((e) => e.coarse),
    steps.map((e) => e.domain),
  ];
  const score: uPlot.AlignedData = [
    scores.map(({ step }) => step),
    ...(["dsc", "aji", "pq"] as const).map((name) => scores.map(({ metrics }) => metrics[name] ?? null)),
  ];
  const last = steps.at(-1);
  const end = Math.max(2, last?.step ?? 0, scores.at(-1)?.step ?? 0);
  return (
    <>
      <Plot
        data={loss}
        end={end}
        names={["loss", "fine", "coarse", "domain"]}
        label={last ? `Loss ${last.loss.toFixed(3)} at step ${last.step}` : "No steps yet"}
      />
      {scores.length > 0 && (
        <Plot
          data={score}
          end={end}
          names={["DSC", "AJI", "PQ"]}
          label={`Best DSC ${Math.max(...scores.map((s) => s.score)).toFixed(3)}`}
        />
      )}
    </>
  );
}

const COLORS = ["#7c5cff", "#0fa37f", "#e07b00", "#d0316b"];

function Plot({
  data,
  end,
  names,
  label,
}: {
  data: uPlot.AlignedData;
  /** The last step: all curves have the same steps below each other. */
  end: number;
  names: readonly string[];
  label: string;
}) {
  const until = useRef(end);
  until.current = end;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  useEffect(() => {
    const node = host.current!;
    const soft = getComputedStyle(node).getPropertyValue("color");
    const axis = { stroke: soft, grid: { stroke: "#8884", width: 1 }, ticks: { stroke: "#8884", width: 1 } };
    plot.current = new uPlot(
      {
        width: Math.max(280, node.clientWidth),
        height: HEIGHT,
        scales: { x: { time: false, range: () => [1, until.current] } },
        series: [
          { label: "step" },
          ...names.map((name, i) => ({
            label: name,
            stroke: COLORS[i]!,
            width: i === 0 ? 2 : 1,
            spanGaps: true,
            points: { show: data[0].length < 30 },
          })),
        ],
        axes: [{ ...axis, incrs: WHOLE }, axis],
        legend: { live: false },
      },
      data,
      node,
    );
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: Math.max(280, node.clientWidth), height: HEIGHT }),
    );
    observer.observe(node);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data[0].length, end]);
  return <div ref={host} role="img" aria-label={label} />;
}
