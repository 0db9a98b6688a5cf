import { useEffect, useRef, useState } from "preact/hooks";
import type { Engine } from "../engine/client";
import type { ModelFacts, ModelRequest, Progress, StoredWeights } from "../engine/protocol";
import { FileButton } from "../parts/file-button";
import { bytesText } from "../parts/save-file";
import type { Notice } from "../parts/trouble";

interface Props {
  engine: Engine;
  hidden: boolean;
  blocked: boolean;
  model: ModelFacts | null;
  fail: (error: unknown) => void;
  tell: (notice: Notice) => void;
  /** Takes the notice of an earlier file away once another one was read. */
  settle: () => void;
  loadModel: (request: ModelRequest) => Promise<ModelFacts | null>;
}

/** Weights in this browser: add from a file or an address, use, remove. */
export function WeightsView({ engine, hidden, blocked, model, fail, tell, settle, loadModel }: Props) {
  const [list, setList] = useState<StoredWeights[]>([]);
  const [persistent, setPersistent] = useState(true);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [url, setUrl] = useState("");
  const abort = useRef<AbortController | null>(null);

  const refresh = async (): Promise<void> => {
    const found = await engine.call("weights", {});
    setList(found.list);
    setPersistent(found.persistent);
    if (!found.persistent) tell({ trouble: "storage-refused" });
  };
  useEffect(() => void (hidden || refresh().catch(fail)), [hidden]);

  const add = async (from: { file: Blob; name: string } | { url: string }): Promise<void> => {
    abort.current = new AbortController();
    setProgress({ what: "Beginning", done: 0, total: 1 });
    try {
      await engine.call("addWeights", from, { onProgress: setProgress, signal: abort.current.signal });
      setUrl("");
      settle();
    } catch (error) {
      fail(error);
    } finally {
      setProgress(null);
      await refresh().catch(fail);
    }
  };

  return (
    <section class="page" id="panel-Weights" role="tabpanel" aria-labelledby="tab-Weights" hidden={hidden}>
      <div class="cards">
        <section class="card">
          <h2>In use</h2>
          {model && (
            <>
              <p>
                <strong>{model.name}</strong>
              </p>
              <p class="soft">
                {model.preset}, {(model.parameters / 1e6).toFixed(1)} M parameters, input {model.imageSize} x{" "}
                {model.imageSize}
                {model.tile > 0 ? `, larger images in tiles of ${model.tile}` : ", images resized as a whole"}.
              </p>
              {model.sha256 && <p class="soft">SHA-256 {model.sha256.slice(0, 16)}...</p>}
            </>
          )}
          <div class="row">
            <button
              type="button"
              disabled={blocked || model?.builtin === true}
              onClick={() => loadModel({ from: "builtin" })}
            >
              Use the small model of this page
            </button>
          </div>
        </section>
        <section class="card">
          <h2>Add a file</h2>
          <p class="soft">
            SAM's weights (.pth or safetensors, Meta's or Hugging Face's names) or what AMA-SAM trained. Nothing in a
            file is executed.
          </p>
          <div class="row">
            <FileButton
              main
              accept=".pth,.pt,.safetensors,.bin"
              disabled={progress !== null}
              onFiles={([file]) => file && void add({ file, name: file.name })}
            >
              Choose weights
            </FileButton>
          </div>
        </section>
        <section class="card">
          <h2>Or from an address</h2>
          <p class="soft">
            The only time that this page asks another computer for anything, and nothing of yours is sent. A download
            that breaks off goes on where it stopped.
          </p>
          <form
            class="row"
            onSubmit={(event) => {
              event.preventDefault();
              void add({ url });
            }}
          >
            <input
              type="url"
              required
              placeholder="https://"
              aria-label="Address of weights"
              value={url}
              style={{ flex: 1 }}
              onInput={(e) => setUrl(e.currentTarget.value)}
            />
            <button type="submit" disabled={progress !== null}>
              Download
            </button>
          </form>
        </section>
        {progress && (
          <section class="card wide" role="status">
            <div class="row">
              <progress value={progress.done} max={progress.total} aria-label={progress.what} style={{ flex: 1 }} />
              <span>
                {progress.what}: {bytesText(progress.done)} of {bytesText(progress.total)}
              </span>
              <button type="button" onClick={() => abort.current?.abort()}>
                Stop
              </button>
            </div>
          </section>
        )}
        <section class="card wide">
          <h2>Kept in this browser</h2>
          {!persistent && (
            <p class="soft">This browser refuses storage: what you add is held in memory until the page is closed.</p>
          )}
          {list.length === 0 ? (
            <p class="soft">No weights yet.</p>
          ) : (
            <div class="scroll">
              <table>
                <thead>
                  <tr>
                    <th scope="col">Name</th>
                    <th scope="col">Kind</th>
                    <th scope="col">Size</th>
                    <th scope="col">SHA-256</th>
                    <th scope="col" aria-label="What to do with it" />
                  </tr>
                </thead>
                <tbody>
                  {list.map((entry) => (
                    <tr key={entry.sha256} data-weights={entry.sha256}>
                      <td>{entry.name}</td>
                      <td>{entry.kind}</td>
                      <td>{bytesText(entry.bytes)}</td>
                      <td>{entry.sha256.slice(0, 12)}</td>
                      <td>
                        <div class="row">
                          {model?.sha256 === entry.sha256 ? (
                            <span class="badge">In use</span>
                          ) : (
                            <button
                              type="button"
                              disabled={blocked}
                              onClick={() => loadModel({ from: "store", sha256: entry.sha256 })}
                            >
                              Use
                            </button>
                          )}
                          <button
                            type="button"
                            aria-label={`Remove ${entry.name}`}
                            onClick={() =>
                              engine.call("removeWeights", { sha256: entry.sha256 }).then(refresh).catch(fail)
                            }
                          >
                            Remove
                          </button>
                        </div>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </section>
      </div>
    </section>
  );
}
