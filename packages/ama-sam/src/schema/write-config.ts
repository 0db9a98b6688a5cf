import type { Config, ConfigInput } from "./config";
import type { Plain } from "./plain-yaml";
import { writePlainYaml } from "./write-plain-yaml";

/** A configuration as YAML, keys in the order of the schema. */
export function configToYaml(config: ConfigInput | Config): string {
  return writePlainYaml(config as unknown as Plain);
}
