import { AmaSamError } from "../errors";
import type { ConfigInput } from "./config";
import { readPlainYaml } from "./plain-yaml";
import { check } from "./resolve";

/**
 * Reads a configuration that AMA-SAM wrote (`configToYaml`, or JSON), without filling in defaults and without a YAML library. What
 * people write goes through `parseConfigYaml`.
 * @param file name for error messages
 * @throws AmaSamError for YAML that AMA-SAM does not write, unknown keys and wrong values
 */
export function parseSavedConfig(text: string, file = "the saved configuration"): ConfigInput {
  let input: unknown;
  try {
    input = readPlainYaml(text);
  } catch (error) {
    throw new AmaSamError(
      "parseSavedConfig",
      `${file} is not as AMA-SAM writes it: ${(error as Error).message}. Expected block YAML or JSON. A configuration edited by hand is read by parseConfigYaml.`,
    );
  }
  const { problems } = check(input);
  if (problems.length > 0)
    throw new AmaSamError("parseSavedConfig", problems.map((p) => `${file}: ${p.message}`).join("\n"));
  return (input ?? {}) as ConfigInput;
}
