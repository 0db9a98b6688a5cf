import type { openGpu } from "@ama-sam/dawn";

/** Where a command writes and what it knows of its surroundings; tests pass their own. */
export interface Io {
  /** Results: stdout. The text comes with its line ends. */
  out(text: string): void;
  /** Progress and errors: stderr. */
  err(text: string): void;
  /** Whether stderr is a terminal that can redraw a line. */
  tty: boolean;
  /** Width of that terminal in characters. */
  columns: number;
  env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  cwd: string;
  /** Asks to stop; commands look at it between steps. */
  stop: StopRequest;
  /** Opens GPUs; default `openGpu` of `@ama-sam/dawn`. Tests pass one whose devices break. */
  openGpu?: typeof openGpu;
}

/** Why a command should stop early. `SIGTERM` and `max-time` come from schedulers, `SIGINT` from a person. */
export type StopReason = "SIGINT" | "SIGTERM" | "max-time";

/** A request to finish the current step, save, and end. */
export class StopRequest {
  readonly #abort = new AbortController();
  #reason: StopReason | null = null;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get reason(): StopReason | null {
    return this.#reason;
  }

  /** The first reason stays. */
  request(reason: StopReason): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#abort.abort(new Error(reason));
  }

  /** 75 (`EX_TEMPFAIL`) tells a scheduler to requeue; 130 is a shell's Ctrl-C. 0 where nobody asked to stop. */
  get exitCode(): number {
    return this.#reason === null ? 0 : this.#reason === "SIGINT" ? 130 : 75;
  }
}

/** The real process. A second Ctrl-C ends it at once. */
export function processIo(): Io {
  const stop = new StopRequest();
  process.on("SIGINT", () => {
    if (stop.reason) process.exit(130);
    process.stderr.write("\nStopping after this step. Press Ctrl-C again to stop at once, without saving.\n");
    stop.request("SIGINT");
  });
  process.on("SIGTERM", () => stop.request("SIGTERM"));
  // Schedulers announce the end of an allocation with SIGUSR1 (Slurm's --signal).
  if (process.platform !== "win32") process.on("SIGUSR1", () => stop.request("SIGTERM"));
  // `ama-sam inspect ... | head` closes the pipe early; that is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    tty: process.stderr.isTTY === true,
    columns: process.stderr.columns ?? 100,
    env: process.env,
    cwd: process.cwd(),
    stop,
  };
}
