import { configSchema } from "./config";
import { type ConfigKey, walkKeys } from "./walk";

/** Every key of the configuration with its type, default and meaning: for help texts and documentation. */
export function configReference(): ConfigKey[] {
  return walkKeys(configSchema);
}
