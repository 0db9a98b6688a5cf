import { type Io, StopRequest } from "./io";

/** An {@link Io} that keeps what is written, for tests. */
export interface TestIo extends Io {
  stdout(): string;
  stderr(): string;
}

export function testIo(cwd: string, env: Io["env"] = {}): TestIo {
  let [out, err] = ["", ""];
  return {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    tty: false,
    columns: 100,
    env,
    cwd,
    stop: new StopRequest(),
    stdout: () => out,
    stderr: () => err,
  };
}
