import type { TrainEvent } from "ama-sam";
import { useEffect, useRef, useState } from "preact/hooks";
import { Engine } from "../engine/client";
import type { RunFacts, StoredWeights, TrainPreview } from "../engine/protocol";
import { useLater } from "../parts/later";
import { saveFile } from "../parts/save-file";
import type { Notice } from "../parts/trouble";
import { Previews } from "./previews";
import { type Chosen, TrainForm } from "./train-form";

interface Props {
  hidden: boolean;
  blocked: boolean;
  fail: (error: unknown) => void;
  tell: (notice: Notice) => void;
  /** Takes trained weights into use for segmenting. */
  onUse: (file: Blob, name: string) => void;
}

/** Previews on the screen. */
const SHOWN = 8;

/** Fine-tune or train from scratch; the run is kept in this browser. */
export function TrainView({ hidden, blocked, fail, tell, onUse }: Props) {
  const engine = useRef<Engine | null>(null);
  const [runs, setRuns] = useState<RunFacts[]>([]);
  const [weights, setWeights] = useState<StoredWeights[]>([]);
  const [shown, setShown] = useState<{ run: string; events: TrainEvent[] } | null>(null);
  const [running, setRunning] = useState<string | null>(null);
  const [previews, setPreviews] = useState<TrainPreview[]>([]);
  const [texts, setTexts] = useState<Record<string, string>>({});
  const [note, setNote] = useState("");
  const abort = useRef<AbortController | null>(null);
  const Curves = useLater(shown !== null, async () => (await import("./curves")).Curves, fail);

  /** A worker of its own: training and segmenting do not wait for each other. */
  const trainer = (): Engine => {
    engine.current ??= new Engine({
      onTrain: (event) => {
        if (event.type === "step" || event.type === "validation")
          setShown((now) => now && { ...now, events: [...now.events, event] });
        const words = wordsFor(event);
        if (words) setNote(words);
      },
      onPreview: (preview) => setPreviews((now) => [preview, ...now].slice(0, SHOWN)),
      onLost: (message) =>
        tell({ trouble: "device-lost", detail: `${message} Training takes the steps since its last copy again.` }),
    });
    return engine.current;
  };
  const refresh = async (): Promise<void> => {
    setTexts(await trainer().call("reference", {}));
    setRuns(await trainer().call("runs", {}));
    const { list, persistent } = await trainer().call("weights", {});
    setWeights(list);
    if (!persistent) tell({ trouble: "storage-refused" });
  };
  useEffect(() => void (hidden || refresh().catch(fail)), [hidden]);

  const drive = async (
    run: string,
    before: TrainEvent[],
    work: (signal: AbortSignal) => Promise<RunFacts>,
  ): Promise<void> => {
    abort.current = new AbortController();
    setRunning(run);
    setShown({ run, events: before });
    setNote("Preparing");
    try {
      const facts = await work(abort.current.signal);
      setShown({ run, events: facts.events });
      setNote(
        facts.step >= facts.totalSteps
          ? "Finished. The weights are ready."
          : `Paused after step ${facts.step} of ${facts.totalSteps}; everything is saved.`,
      );
    } catch (error) {
      fail(error);
      setNote("Stopped by a problem; what was saved is still there.");
    } finally {
      setRunning(null);
      await refresh().catch(fail);
    }
  };

  const start = ({ run, config, sets, base }: Chosen): void => {
    setPreviews([]);
    void drive(run, [], (signal) => trainer().call("train", { run, config, sets, base }, { signal }));
  };
  const resume = (facts: RunFacts): void =>
    void drive(facts.run, facts.events, (signal) => trainer().call("resumeRun", { run: facts.run }, { signal }));

  const weightsOf = (run: string, act: (blob: Blob) => void): void =>
    void trainer().call("runWeights", { run }).then(act, fail);

  return (
    <section class="page" id="panel-Train" role="tabpanel" aria-labelledby="tab-Train" hidden={hidden}>
      <div class="cards">
        {shown && (
          <section class="card wide">
            <div class="row">
              <h2>{shown.run}</h2>
              <span class="soft" role="status" data-train-note>
                {note}
              </span>
              {running && (
                <button type="button" onClick={() => abort.current?.abort()}>
                  Pause
                </button>
              )}
            </div>
            {Curves && <Curves events={shown.events} />}
          </section>
        )}
        {previews.length > 0 && (
          <section class="card wide">
            <h2>What it finds now</h2>
            <p class="soft">White: annotated. Magenta: found.</p>
            <Previews previews={previews} />
          </section>
        )}
        <TrainForm
          disabled={blocked || running !== null}
          weights={weights}
          taken={runs.map(({ run }) => run)}
          texts={texts}
          onStart={start}
          fail={fail}
        />
        <section class="card">
          <h2>Runs in this browser</h2>
          {runs.length === 0 && (
            <p class="soft">None yet. A run is kept here, survives closing the page and goes on where it stopped.</p>
          )}
          {runs.map((facts) => (
            <div key={facts.run} class="box" data-run={facts.run}>
              <p>
                <strong>{facts.run}</strong>{" "}
                <span class="soft">
                  {facts.preset} on {facts.primary}, step {facts.step} of {facts.totalSteps || "?"}
                </span>
              </p>
              <div class="row">
                <button
                  type="button"
                  disabled={blocked || running !== null || (facts.totalSteps > 0 && facts.step >= facts.totalSteps)}
                  onClick={() => resume(facts)}
                >
                  Resume
                </button>
                <button
                  type="button"
                  disabled={running !== null}
                  onClick={() => setShown({ run: facts.run, events: facts.events })}
                >
                  Curves
                </button>
                <button
                  type="button"
                  disabled={facts.step === 0}
                  onClick={() => weightsOf(facts.run, (blob) => saveFile(blob, `${facts.run}.safetensors`))}
                >
                  Download weights
                </button>
                <button
                  type="button"
                  disabled={facts.step === 0}
                  onClick={() => weightsOf(facts.run, (blob) => onUse(blob, facts.run))}
                >
                  Segment with it
                </button>
                <button
                  type="button"
                  disabled={running === facts.run}
                  onClick={() => trainer().call("removeRun", { run: facts.run }).then(refresh).catch(fail)}
                >
                  Remove
                </button>
              </div>
            </div>
          ))}
        </section>
      </div>
    </section>
  );
}

function wordsFor(event: TrainEvent): string | null {
  switch (event.type) {
    case "step":
      return `Step ${event.step} of ${event.totalSteps}, loss ${event.loss.toFixed(3)}, ${event.imagesPerSecond.toFixed(2)} images a second, about ${timeText((event.totalSteps - event.step) * event.seconds)} left`;
    case "nan":
      return `A value was not finite at step ${event.step}; the step was skipped.`;
    case "lost":
      return "The GPU was reset; opening it again.";
    case "recovered":
      return `Going on at step ${event.step}.`;
    default:
      return null;
  }
}

function timeText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
