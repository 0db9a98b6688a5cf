// The entry of a sample thread: the command runs on its TypeScript sources, and a thread does not inherit what makes Node read them.
import { register } from "tsx/esm/api";

register();
await import("./sample-thread.ts");
