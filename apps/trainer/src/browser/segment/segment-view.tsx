import type { LabelMap } from "@ama-sam/instances";
import type { Tool, ViewerElement } from "@ama-sam/viewer";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Engine, EngineError } from "../engine/client";
import type {
  DeviceFacts,
  ExportRequest,
  LabelSettings,
  ModelFacts,
  OpenedImage,
  Progress,
  PromptAnswer,
  PromptRequest,
  TruthScores,
} from "../engine/protocol";
import { saveFile } from "../parts/save-file";
import { maskOfPath } from "./draw-mask";
import { brightness, nucleusInk, truthInk } from "./ink";
import { type ChangedBox, LabelEditor } from "./label-editor";
import { SidePanel } from "./side-panel";
import { Toolbar } from "./toolbar";
import { Welcome } from "./welcome";

interface Props {
  engine: Engine;
  device: DeviceFacts | null;
  model: ModelFacts | null;
  ready: boolean;
  blocked: boolean;
  hidden: boolean;
  fail: (error: unknown) => void;
  /** Takes the notice of an earlier file away once another one was read. */
  settle: () => void;
}

/** Below this mean an image is taken for bright nuclei on a dark ground; stained tissue has more than twice as much. */
const DARK = 80;

/** What is happening, for the line below the image. */
interface Activity {
  text: string;
  progress?: Progress;
  stop?: () => void;
}

const PEN = { color: nucleusInk, thickness: 2 };
const FIRST: LabelSettings = { threshold: 0.5, method: "watershed", minArea: 10, h: 1 };

/** Open an image, see outlines, correct, measure, compare, export. */
export function SegmentView({ engine, device, model, ready, blocked, hidden, fail, settle }: Props) {
  const element = useRef<ViewerElement>(null);
  const [image, setImage] = useState<OpenedImage | null>(null);
  const editor = useRef<LabelEditor | null>(null);
  const [, setEdits] = useState(0); // redraws after the editor changed in place
  const [settings, setSettings] = useState(FIRST);
  const [shown, setShown] = useState<LabelSettings | null>(null); // by which the nuclei on the screen were made
  const [micronsPerPixel, setMicrons] = useState<number | null>(null);
  const [dark, setDark] = useState(false);
  const [recolored, setRecolored] = useState(false);
  const [truth, setTruth] = useState<TruthScores | null>(null);
  const [activity, setActivity] = useState<Activity | null>(null);
  const [note, setNote] = useState("");
  const [tool, setTool] = useState<Tool>("pan");
  const [look, setLook] = useState({ visible: true, opacity: 1, fill: 0 });
  const [dropping, setDropping] = useState(false);
  const lastPrompt = useRef<PromptRequest | null>(null);
  const redo = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const viewer = () => element.current?.viewer ?? null;

  const show = (labels: LabelMap | null, by: LabelSettings | null = null): void => {
    editor.current = labels ? new LabelEditor(labels) : null;
    setShown(by);
    lastPrompt.current = null;
    viewer()?.setLayer("nuclei", labels ? { labels, ...PEN, ...look } : null);
    setEdits((n) => n + 1);
  };

  const rescore = async (labels: LabelMap): Promise<void> => {
    if (truth) setTruth(await engine.call("score", { labels }));
  };

  const busy = async (
    text: string,
    work: (signal: AbortSignal, onProgress: (p: Progress) => void) => Promise<void>,
  ): Promise<void> => {
    const abort = new AbortController();
    setActivity({ text, stop: () => abort.abort() });
    try {
      await work(abort.signal, (progress) => setActivity({ text, progress, stop: () => abort.abort() }));
    } catch (error) {
      fail(error);
      setNote(error instanceof EngineError && error.trouble === "stopped" ? "Stopped." : "");
    } finally {
      setActivity(null);
    }
  };

  const segment = (use: LabelSettings = settings, recolor = recolored): Promise<void> =>
    busy("Looking for nuclei", async (signal, onProgress) => {
      const { labels, seconds } = await engine.call("segment", { ...use, recolored: recolor }, { signal, onProgress });
      show(labels, use);
      await rescore(labels);
      setNote(`${labels.count} nuclei in ${seconds.toFixed(1)} s on ${device?.name ?? "the GPU"}.`);
    });

  const openImage = async (file: File): Promise<void> => {
    let opened = false;
    clearTimeout(redo.current);
    await busy(`Opening ${file.name}`, async () => {
      const next = await engine.call("image", { file, name: file.name });
      viewer()?.setImage({ width: next.width, height: next.height, channels: 3, data: next.rgb });
      setImage(next);
      setDark(brightness(next) < DARK);
      setRecolored(false);
      settle();
      setMicrons(next.micronsPerPixel);
      setTruth(null);
      viewer()?.setLayer("truth", null);
      show(null);
      setNote(next.warnings.join(" "));
      opened = true;
    });
    if (opened) await segment(settings, false);
  };

  const apply = (next: LabelSettings): void => {
    setSettings(next);
    if (!editor.current) return;
    clearTimeout(redo.current);
    redo.current = setTimeout(() => {
      engine
        .call("relabel", next)
        .then(async ({ labels, seconds }) => {
          show(labels, next);
          setNote(`${labels.count} nuclei, found again in ${(1000 * seconds).toFixed(0)} ms; the model did not run.`);
          await rescore(labels);
        })
        .catch(fail);
    }, 60);
  };

  const changed = (box: ChangedBox | null): void => {
    if (!box || !editor.current) return;
    viewer()?.changed("nuclei", box);
    setEdits((n) => n + 1);
    rescore(editor.current.labels).catch(fail);
  };

  const remove = (id: number): void => {
    changed(editor.current?.remove(id) ?? null);
    setNote("Nucleus removed. Undo brings it back.");
  };

  const addMask = ({ box, mask, quality, cached, seconds }: PromptAnswer): void => {
    const added = editor.current?.add(box, mask);
    changed(added?.box ?? null);
    const unlearned = model?.prompts ? "" : "This model never learned to answer clicks; SAM's weights have. ";
    const how = `${cached ? "the image was known already" : "looked at this part first"}, ${seconds.toFixed(2)} s, expected IoU ${quality.toFixed(2)}`;
    setNote(
      added
        ? `${unlearned}Nucleus added (${how}). Shift-click adds to it, Alt-click takes away.`
        : `Nothing there to add (${how}).`,
    );
  };

  const prompt = async (request: PromptRequest, again: boolean): Promise<void> => {
    if (!image) return;
    editor.current ??= new LabelEditor({
      data: new Uint32Array(image.width * image.height),
      width: image.width,
      height: image.height,
      count: 0,
    });
    await busy("Asking SAM", async () => {
      const answer = await engine.call("prompt", request);
      if (again) changed(editor.current?.undo() ?? null);
      lastPrompt.current = request;
      addMask(answer);
    });
  };

  const draw = (points: [number, number][]): void => {
    const found = image && maskOfPath(points, image.width, image.height);
    const added = found ? editor.current?.add(found.box, found.mask) : null;
    changed(added?.box ?? null);
    setNote(added ? "Nucleus drawn." : "That line holds no free pixel.");
  };

  const compare = (file: File): Promise<void> =>
    busy(`Reading ${file.name}`, async () => {
      const labels = editor.current?.labels ?? {
        data: new Uint32Array(image!.width * image!.height),
        width: image!.width,
        height: image!.height,
        count: 0,
      };
      const scores = await engine.call("truth", { file, name: file.name, labels });
      setTruth(scores);
      // Below the nuclei: where both agree, the colours are seen.
      viewer()?.setLayer("nuclei", null);
      const { color, name } = truthInk(image!);
      viewer()?.setLayer("truth", { labels: scores.truth, color, thickness: 2 });
      if (editor.current) viewer()?.setLayer("nuclei", { labels: editor.current.labels, ...PEN, ...look });
      settle();
      setNote([`${scores.annotated} annotated nuclei, drawn in ${name}.`, ...scores.warnings].join(" "));
    });

  const save = (format: ExportRequest["format"]): Promise<void> =>
    busy("Writing the file", async () => {
      const { labels } = editor.current!;
      const blob = await engine.call("export", { format, labels, micronsPerPixel });
      const ending = {
        geojson: "geojson",
        "geojson.gz": "geojson.gz",
        png: "labels.png",
        tiff: "labels.tif",
        csv: "csv",
        overlay: "overlay.png",
      }[format];
      const name = `${image!.name.replace(/\.[^.]+$/, "")}.nuclei-not-for-diagnosis.${ending}`;
      saveFile(blob, name);
      setNote(`Saved ${name}.`);
    });

  // What the model was trained to do is where the settings start.
  useEffect(() => {
    if (!model) return;
    const next = {
      threshold: model.threshold,
      method: model.instances.method,
      minArea: model.instances.minArea,
      h: model.instances.h,
    };
    setSettings(next);
    if (image && ready) void segment(next);
  }, [model]);

  useEffect(() => {
    const node = element.current;
    if (!node) return;
    const on = <T,>(name: string, act: (detail: T) => void): (() => void) => {
      const listener = (event: Event): void => act((event as CustomEvent<T>).detail);
      node.addEventListener(name, listener);
      return () => node.removeEventListener(name, listener);
    };
    const off = [
      on<{ id: number }>("nuclei-delete", ({ id }) => remove(id)),
      on<{ x: number; y: number; shift: boolean; alt: boolean }>("nuclei-point", ({ x, y, shift, alt }) => {
        const before = (shift || alt) && lastPrompt.current ? lastPrompt.current : null;
        void prompt(
          { points: [...(before?.points ?? []), { x, y, positive: !alt }], box: before?.box ?? null },
          before !== null,
        );
      }),
      on<{ x0: number; y0: number; x1: number; y1: number }>(
        "nuclei-box",
        (box) => void prompt({ points: [], box }, false),
      ),
      on<{ points: [number, number][] }>("nuclei-path", ({ points }) => draw(points)),
    ];
    return () => {
      for (const stop of off) stop();
    };
  });

  // Before the next frame: on a busy machine a click may come sooner.
  useLayoutEffect(() => {
    const viewerNow = viewer();
    if (viewerNow) viewerNow.tool = tool;
  }, [tool]);
  useEffect(() => viewer()?.styleLayer("nuclei", look), [look]);

  const { current: edits } = editor;
  return (
    <div
      class="work"
      id="panel-Segment"
      role="tabpanel"
      aria-labelledby="tab-Segment"
      hidden={hidden}
      onDragOver={(event) => {
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        const file = event.dataTransfer?.files[0];
        if (!file || !ready) return;
        if (image && /\.((geo)?json(\.gz)?|gz|xml|mat|npy)$/i.test(file.name)) void compare(file);
        else void openImage(file);
      }}
    >
      <section class="stage" aria-label="Image">
        <Toolbar
          disabled={!image}
          tool={tool}
          onTool={setTool}
          prompts={model?.prompts ?? false}
          look={look}
          onLook={setLook}
          canUndo={edits?.canUndo ?? false}
          canRedo={edits?.canRedo ?? false}
          onUndo={() => changed(edits?.undo() ?? null)}
          onRedo={() => changed(edits?.redo() ?? null)}
          onDelete={() => {
            const id = viewer()?.selected ?? 0;
            if (id > 0) remove(id);
            else setNote("Click a nucleus first; then Delete removes it.");
          }}
          onZoom={(factor) => (factor === 0 ? viewer()?.fit() : viewer()?.zoom(factor))}
        />
        <div class={dropping ? "view drop" : "view"}>
          <ama-sam-viewer ref={element} label="Your image with outlined nuclei" />
          {!image && (
            <Welcome ready={ready} blocked={blocked} device={device} model={model} onFile={openImage} fail={fail} />
          )}
        </div>
        <div class="status" role="status" aria-live="polite">
          {activity ? (
            <>
              <progress value={activity.progress?.done} max={activity.progress?.total} aria-label={activity.text} />
              <span>
                {activity.text}
                {activity.progress && activity.progress.total > 1
                  ? `: ${activity.progress.done} of ${activity.progress.total} parts`
                  : " ..."}
              </span>
              {activity.stop && (
                <button type="button" onClick={activity.stop}>
                  Stop
                </button>
              )}
            </>
          ) : (
            <span data-note>{note}</span>
          )}
        </div>
      </section>
      <SidePanel
        image={image}
        model={model}
        device={device}
        ready={ready && !activity}
        settings={settings}
        onSettings={apply}
        shown={shown}
        areas={edits ? edits.areas() : null}
        count={edits?.labels.count ?? null}
        edited={edits?.isEdited ?? false}
        micronsPerPixel={micronsPerPixel}
        onMicrons={setMicrons}
        truth={truth}
        onTruth={compare}
        onImage={openImage}
        onSegment={() => void segment()}
        dark={dark}
        recolored={recolored}
        onRecolored={(value) => {
          setRecolored(value);
          void segment(settings, value);
        }}
        onSave={save}
      />
    </div>
  );
}
