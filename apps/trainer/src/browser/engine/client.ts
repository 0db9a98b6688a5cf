import type { TrainEvent } from "ama-sam";
import type {
  CallName,
  EngineCalls,
  EngineFailure,
  FromEngine,
  Progress,
  ToEngine,
  TrainPreview,
  Trouble,
} from "./protocol";

/** A failure in the engine, with the kind of trouble that the page shows a notice for. */
export class EngineError extends Error {
  readonly trouble: Trouble;

  constructor({ trouble, message }: EngineFailure) {
    super(message);
    this.name = "EngineError";
    this.trouble = trouble;
  }
}

/** What an engine tells without being asked. */
export interface EngineListeners {
  onLost?: (message: string) => void;
  onTrain?: (event: TrainEvent) => void;
  onPreview?: (preview: TrainPreview) => void;
}

export interface CallOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  transfer?: Transferable[];
}

/** The engine in its worker, as functions that return promises. */
export class Engine {
  readonly #worker: Worker;
  readonly #open = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void; onProgress?: CallOptions["onProgress"] }
  >();
  #next = 1;

  constructor(listeners: EngineListeners = {}) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "ama-sam engine" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromEngine>) => {
      if (data.type === "lost") return listeners.onLost?.(data.message);
      if (data.type === "train") return listeners.onTrain?.(data.event);
      if (data.type === "preview") return listeners.onPreview?.(data.preview);
      const call = this.#open.get(data.id);
      if (data.type === "progress") return call?.onProgress?.(data.progress);
      this.#open.delete(data.id);
      if (data.type === "result") call?.resolve(data.value as never);
      else call?.reject(new EngineError(data.failure));
    };
    this.#worker.onerror = (event) => this.#fail(event.message || "the engine could not be started");
  }

  call<K extends CallName>(
    name: K,
    args: EngineCalls[K]["args"],
    { onProgress, signal, transfer = [] }: CallOptions = {},
  ): Promise<EngineCalls[K]["result"]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject, ...(onProgress && { onProgress }) });
      signal?.addEventListener("abort", () => this.#post({ type: "cancel", id }));
      this.#post({ type: "call", id, name, args }, transfer);
    });
  }

  /** Ends the worker; open calls reject. */
  close(): void {
    this.#worker.terminate();
    this.#fail("the engine was closed");
  }

  #post(message: ToEngine, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #fail(message: string): void {
    for (const { reject } of this.#open.values()) reject(new EngineError({ trouble: "other", message }));
    this.#open.clear();
  }
}
