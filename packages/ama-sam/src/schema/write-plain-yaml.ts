import { NUMBER, type Plain, WORDS } from "./plain-yaml";

/** Whether a text may stand without quotes: nothing in it means anything to YAML, and it is no number or word of its own. */
const isBare = (text: string): boolean =>
  /^[A-Za-z_/.][\w/.+-]*(?: [\w/.+-]+)*$/.test(text) &&
  !WORDS.test(text) &&
  !NUMBER.test(text) &&
  !/^[.][\w]/.test(text);

function scalar(value: null | boolean | number | string): string {
  if (typeof value === "string") return isBare(value) ? value : JSON.stringify(value);
  if (typeof value !== "number" || Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
}

/** Writes maps, lists and scalars as block YAML, which every YAML reader reads: keys in their order, `undefined` left out. */
export function writePlainYaml(value: Plain): string {
  return block(value, "").replace(/^\n/, "").replace(/^ /, "");
}

function block(value: Plain, indent: string): string {
  if (value === null || typeof value !== "object") return ` ${scalar(value)}\n`;
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    // What follows a dash starts on its line; the lines below stand two further in.
    const items = value.map((item: Plain) => `${indent}-${block(item, `${indent}  `).replace(/^\n\s*/, " ")}`);
    return `\n${items.join("")}`;
  }
  const entries = Object.entries(value as Record<string, Plain | undefined>).filter(([, item]) => item !== undefined);
  if (entries.length === 0) return " {}\n";
  return `\n${entries.map(([name, item]) => `${indent}${scalar(name)}:${block(item!, `${indent}  `)}`).join("")}`;
}
