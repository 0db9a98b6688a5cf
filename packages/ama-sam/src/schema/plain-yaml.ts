/** The values that plain YAML holds. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain | undefined };

/** Words that YAML reads as something else than a text. */
export const WORDS = /^(?:|~|null|true|false|yes|no|on|off|y|n)$/i;
export const NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i;
const SPECIAL: Record<string, unknown> = { "": null, "~": null, null: null, true: true, false: false };
const ESCAPES: Record<string, string> = {
  0: "\0",
  a: "\x07",
  e: "\x1b",
  v: "\v",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

interface Line {
  number: number;
  indent: number;
  text: string;
}

/**
 * Reads the YAML that AMA-SAM writes itself, or JSON: block maps, block lists, scalars on one line, `[]` and `{}`. It is what a page
 * needs to open a model, in a fiftieth of a YAML library.
 * @throws Error with the line for anything else that YAML knows, such as anchors, tags, folded text or lists in brackets
 */
export function readPlainYaml(text: string): unknown {
  if (/^\s*[{[]/.test(text)) return JSON.parse(text);
  const lines: Line[] = text.split(/\r?\n/).flatMap((line, i) => {
    const bare = line.replace(/^[ \t]+|[ \t]+$/g, "");
    if (bare === "" || bare.startsWith("#")) return [];
    return [{ number: i + 1, indent: line.search(/[^ ]/), text: bare }];
  });
  if (lines.length === 0) return null;
  const at = { next: 0 };
  const value = readBlock(lines, at, lines[0]!.indent);
  if (at.next < lines.length) refuse(lines[at.next]!, "does not belong to what is above it");
  return value;
}

function refuse(line: Line, what: string): never {
  throw new Error(`line ${line.number} ${what}. Got ${JSON.stringify(line.text.slice(0, 60))}`);
}

function readBlock(lines: Line[], at: { next: number }, indent: number): unknown {
  const first = lines[at.next]!;
  if (first.text === "-" || first.text.startsWith("- ")) {
    const list: unknown[] = [];
    for (let line = lines[at.next]; line?.indent === indent && /^-(?: |$)/.test(line.text); line = lines[at.next]) {
      const rest = line.text.slice(1);
      const inner = rest.replace(/^[ \t]+/, "");
      if (inner === "") {
        at.next++;
        list.push(nested(lines, at, indent));
      } else if (inner.startsWith("- ") || inner === "-" || keyOf(inner)) {
        // The item's first line as a line of its own, as far in as it stands.
        lines[at.next] = { ...line, indent: indent + 1 + rest.length - inner.length, text: inner };
        list.push(readBlock(lines, at, lines[at.next]!.indent));
      } else {
        at.next++;
        list.push(readScalar(inner, line));
      }
    }
    return list;
  }
  if (!keyOf(first.text)) {
    at.next++;
    return readScalar(first.text, first);
  }
  const map: Record<string, unknown> = {};
  for (let line = lines[at.next]; line?.indent === indent; line = lines[at.next]) {
    const found = keyOf(line.text);
    if (!found) refuse(line, "is no `key: value`");
    const name = String(readScalar(found.key, line, true));
    if (Object.hasOwn(map, name)) refuse(line, "repeats a key");
    at.next++;
    const value = found.value === "" ? nested(lines, at, indent, true) : readScalar(found.value, line);
    Object.defineProperty(map, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return map;
}

/** What stands below a key or a dash; nothing is null. A list may stand as far out as its key. */
function nested(lines: Line[], at: { next: number }, indent: number, isValue = false): unknown {
  const next = lines[at.next];
  if (next && (next.indent > indent || (isValue && next.indent === indent && /^-(?: |$)/.test(next.text))))
    return readBlock(lines, at, next.indent);
  return null;
}

function keyOf(text: string): { key: string; value: string } | null {
  const found =
    /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^ \t"'#[\]{}&*!|>%@`,?-][^#]*?|-[^ \t#][^#]*?)[ \t]*:(?:[ \t]+(.*))?$/.exec(
      text,
    );
  return found ? { key: found[1]!, value: (found[2] ?? "").replace(/^#.*/, "") } : null;
}

function readScalar(text: string, line: Line, isKey = false): unknown {
  if (text[0] === '"') {
    const found = /^"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*)?$/.exec(text);
    if (!found) refuse(line, "has a text that does not end on it");
    return found[1]!.replace(/\\(x..|u.{4}|U.{8}|.)/g, (whole, code: string) => {
      if (code.length > 1) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      return ESCAPES[code] ?? (/[bfnrt"\\/]/.test(code) ? JSON.parse(`"${whole}"`) : code);
    });
  }
  if (text[0] === "'") {
    const found = /^'((?:[^']|'')*)'(?:[ \t]+#.*)?$/.exec(text);
    if (!found) refuse(line, "has a text that does not end on it");
    return found[1]!.replaceAll("''", "'");
  }
  const bare = text.replace(/[ \t]+#.*$/, "");
  if (bare === "[]") return [];
  if (bare === "{}") return {};
  if (/^[[\]{}&*!|>%@`,]|^[?:-](?:[ \t]|$)|:[ \t]|:$/.test(bare)) refuse(line, "is more than plain YAML");
  if (isKey) return bare;
  const word = bare.toLowerCase();
  if (Object.hasOwn(SPECIAL, word)) return SPECIAL[word];
  if (NUMBER.test(bare)) return Number(bare);
  if (/^[-+]?\.inf$/.test(word)) return bare.startsWith("-") ? -Infinity : Infinity;
  if (word === ".nan") return Number.NaN;
  if (/^0[xo][\da-f]+$/.test(word)) return Number(word);
  return bare;
}
