export { SpgenError } from "./errors";
export { maskPrompt, SPGen } from "./spgen";
