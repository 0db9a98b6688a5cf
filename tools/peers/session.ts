import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Message, Ready, Replies, Request } from "./protocol";

const worker = fileURLToPath(new URL("./worker.ts", import.meta.url));
/** V8 spends a minute optimising one function of onnxruntime-web's wasm otherwise. */
const FLAGS: Record<string, string[]> = { "ort-web": ["--liftoff-only"] };

/** A library in its process. */
export class Session {
  readonly #child: ChildProcess;
  readonly #limitMs: number;
  #settle: ((message: Message) => void) | null = null;
  #last = "";

  private constructor(library: string, adapter: string | undefined, limitMs: number) {
    this.#limitMs = limitMs;
    // The parent runs on the sources through loaders that its own flags name.
    const execArgv = [...process.execArgv, ...(FLAGS[library] ?? [])];
    this.#child = fork(worker, [library, adapter ?? ""], { execArgv, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (text: Buffer) => (this.#last = text.toString().trim().split("\n").at(-1) ?? ""));
    this.#child.on("message", (message: Message) => this.#settle?.(message));
    this.#child.on("exit", (code, signal) =>
      this.#settle?.({ failed: `its process ended (${signal ?? code}): ${this.#last}` }),
    );
  }

  /** Starts a library and waits until it has its device. */
  static async open(
    library: string,
    adapter: string | undefined,
    limitMs: number,
  ): Promise<{ session: Session; ready: Ready }> {
    const session = new Session(library, adapter, limitMs);
    try {
      const message = await session.#next(`${library} did not start`);
      if (!("ready" in message)) throw new Error("[Session] the first message is not ready");
      return { session, ready: message.ready };
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Asks for something; rejects when the library fails, ends or takes too long. */
  async ask<T extends Request["type"]>(request: Extract<Request, { type: T }>): Promise<Replies[T]> {
    this.#child.send(request);
    const message = await this.#next(request.type);
    if (!("reply" in message)) throw new Error(`[Session] no reply to ${request.type}`);
    return message.reply as Replies[T];
  }

  async #next(what: string): Promise<Message> {
    let timer: NodeJS.Timeout | undefined;
    const message = await new Promise<Message>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: more than ${this.#limitMs / 1000} s`)), this.#limitMs);
      this.#settle = resolve;
    }).finally(() => clearTimeout(timer));
    this.#settle = null;
    if ("failed" in message) throw new Error(message.failed);
    return message;
  }

  close(): void {
    this.#child.kill("SIGKILL");
  }
}
