import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Engine, EngineError } from "./engine/client";
import { isMissingPart } from "./engine/missing-part";
import { NOT_FOR_DIAGNOSIS } from "./engine/notice-text";
import type { DeviceFacts, ModelFacts, ModelRequest } from "./engine/protocol";
import { useLater } from "./parts/later";
import { type Notice, Notices } from "./parts/trouble";
import { SegmentView } from "./segment/segment-view";

const TABS = ["Segment", "Train", "Weights"] as const;
type Tab = (typeof TABS)[number];

/** The page: one engine for segmenting, one (made when needed) for training, so that neither waits for the other. */
export function App({ onReady }: { onReady: () => void }) {
  const [tab, setTab] = useState<Tab>("Segment");
  const [device, setDevice] = useState<DeviceFacts | null>(null);
  const [model, setModel] = useState<ModelFacts | null>(null);
  const [notices, setNotices] = useState<Notice[]>([]);
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false); // the engine could not be started

  const tell = useRef((notice: Notice): void =>
    setNotices((now) => [...now.filter(({ trouble }) => trouble !== notice.trouble), notice]),
  ).current;
  const dismiss = (notice: Notice): void =>
    setNotices((now) => now.filter(({ trouble }) => trouble !== notice.trouble));
  const settle = useRef((): void =>
    setNotices((now) => now.filter(({ trouble }) => trouble !== "input" && trouble !== "download")),
  ).current;
  const fail = useRef((error: unknown): void => {
    const trouble = error instanceof EngineError ? error.trouble : isMissingPart(error) ? "part-missing" : "other";
    if (trouble !== "stopped") tell({ trouble, detail: error instanceof Error ? error.message : String(error) });
  }).current;

  const engine = useMemo(() => new Engine({ onLost: (message) => onLost(message) }), []);
  const onLost = (message: string): void => {
    tell({ trouble: "device-lost", detail: message });
    // Opened at once, to know whether the browser still lets the page have a GPU.
    engine.call("start", {}).catch((error: unknown) => {
      if (error instanceof EngineError && error.trouble === "gpu-blocked")
        setNotices((now) => now.filter(({ trouble }) => trouble !== "device-lost"));
      fail(error);
    });
  };

  const loadModel = async (request: ModelRequest): Promise<ModelFacts | null> => {
    try {
      const facts = await engine.call("model", request);
      setModel(facts);
      setNotices((now) => now.filter(({ trouble }) => trouble !== "untrained"));
      if (facts.state === "untrained") tell({ trouble: "untrained" });
      return facts;
    } catch (error) {
      fail(error);
      return null;
    }
  };

  useEffect(() => {
    const begin = async (): Promise<void> => {
      try {
        const facts = await engine.call("start", {});
        setDevice(facts);
        if (facts.kind === "software") tell({ trouble: "software", detail: facts.name });
        setFailed((await loadModel({ from: "builtin" })) === null);
        setReady(true);
        onReady();
      } catch (error) {
        setFailed(true);
        fail(error);
      }
    };
    void begin();
    return () => engine.close();
  }, []);

  const Train = useLater(tab === "Train", async () => (await import("./train/train-view")).TrainView, fail);
  const Weights = useLater(tab === "Weights", async () => (await import("./weights/weights-view")).WeightsView, fail);

  const blocked = notices.some(
    ({ trouble }) =>
      trouble === "no-webgpu" || trouble === "no-adapter" || trouble === "insecure" || trouble === "gpu-blocked",
  );
  return (
    <>
      <header class="top">
        <h1>AMA-SAM</h1>
        <div class="tabs" role="tablist" aria-label="Parts of the page">
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              class="tab"
              id={`tab-${name}`}
              aria-selected={tab === name}
              aria-controls={`panel-${name}`}
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <div class="promises">
          <span
            class="badge"
            title="Images, annotations and weights are read and computed in this browser; the page has no server to send them to."
          >
            Nothing leaves this computer
          </span>
          <span class="badge warn">{NOT_FOR_DIAGNOSIS}</span>
        </div>
      </header>
      <Notices notices={notices} onDismiss={dismiss} />
      <SegmentView
        engine={engine}
        device={device}
        model={model}
        ready={ready && !blocked}
        blocked={blocked || (failed && model === null)}
        hidden={tab !== "Segment"}
        fail={fail}
        settle={settle}
      />
      {Train ? (
        <Train
          hidden={tab !== "Train"}
          blocked={blocked}
          fail={fail}
          tell={tell}
          onUse={async (file, name) => {
            if (await loadModel({ from: "file", file, name })) setTab("Segment");
          }}
        />
      ) : (
        <Coming name="Train" hidden={tab !== "Train"} />
      )}
      {Weights ? (
        <Weights
          engine={engine}
          hidden={tab !== "Weights"}
          blocked={blocked}
          model={model}
          fail={fail}
          tell={tell}
          settle={settle}
          loadModel={loadModel}
        />
      ) : (
        <Coming name="Weights" hidden={tab !== "Weights"} />
      )}
    </>
  );
}

/** Stands where a part of the page will be once its script is there. */
function Coming({ name, hidden }: { name: Tab; hidden: boolean }) {
  return (
    <section class="page" id={`panel-${name}`} role="tabpanel" aria-labelledby={`tab-${name}`} hidden={hidden}>
      <p class="soft">Loading ...</p>
    </section>
  );
}
