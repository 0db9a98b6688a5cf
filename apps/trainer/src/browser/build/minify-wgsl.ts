const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|[A-Za-z_]\w*|0[xX][\da-fA-F]+[iu]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?|\s+|[\s\S]/g;
const WORD = /^\w/;
const OPERATOR = /^[-+*/%&|^~!=<>]/;
/** One-line functions whose body an op replaces as text (`fn f(x: f32) -> f32 { return x; }`) stay as they are. */
const PLACEHOLDER = /^fn \w+\([^\n]*\{ return \w+; \}$/gm;

/**
 * A shader in fewer characters: no comments, no blanks that mean nothing, one letter for what is local to a function. Every declaration
 * keeps a line of its own and its name, so that tunables (`const`, `alias`, `enable` lines), bindings and errors are found as before.
 */
export function minifyWgsl(code: string): string {
  const kept: string[] = [];
  const marked = code.replace(/\r\n/g, "\n").replace(PLACEHOLDER, (line) => `__kept${kept.push(line) - 1};`);
  const tokens = (marked.match(TOKEN) ?? []).filter((token) => !token.startsWith("//") && !token.startsWith("/*"));
  const lines: string[] = [];
  for (const declaration of declarations(tokens))
    lines.push(join(declaration.includes("fn") ? shorten(declaration) : declaration));
  return lines
    .filter((line) => line !== "")
    .map((line) => line.replace(/^__kept(\d+);$/, (_, i: string) => kept[Number(i)]!))
    .join("\n");
}

/** Cuts at the ends of declarations of the module: `;` or `}` outside of everything. */
function declarations(tokens: readonly string[]): string[][] {
  const all: string[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    all.at(-1)!.push(token);
    if ("{([".includes(token)) depth++;
    else if ("})]".includes(token)) depth--;
    if (depth === 0 && (token === ";" || token === "}")) all.push([]);
  }
  return all;
}

/** A blank stays between two words, and where without it two operators would become another one (`a - -b`). */
function join(tokens: readonly string[]): string {
  let text = "";
  let blank = false;
  for (const token of tokens) {
    if (/^\s/.test(token)) {
      blank = true;
      continue;
    }
    const last = text.at(-1) ?? "";
    if ((WORD.test(last) && WORD.test(token)) || (blank && OPERATOR.test(last) && OPERATOR.test(token))) text += " ";
    text += token;
    blank = false;
  }
  return text;
}

/** Gives parameters and local variables of a function short names that nothing in the function has. */
function shorten(tokens: readonly string[]): string[] {
  const significant = tokens.map((token, i) => ({ token, i })).filter(({ token }) => !/^\s/.test(token));
  const next = (k: number, by: number): string => significant[k + by]?.token ?? "";
  const used = new Map<string, number>();
  const local = new Set<string>();
  const called = new Set<string>();
  const isName = (k: number): boolean =>
    /^[A-Za-z_]/.test(next(k, 0)) && next(k, -1) !== "." && !(next(k, -1) === "(" && next(k, -2) === "builtin");
  const body = significant.findIndex(({ token }) => token === "{");
  const from = significant.findIndex(({ token }) => token === "fn");
  significant.forEach(({ token }, k) => {
    if (!isName(k)) return;
    used.set(token, (used.get(token) ?? 0) + 1);
    if (next(k, 1) === "(" || next(k, -1) === "@") called.add(token);
    const declares =
      next(k, -1) === "let" ||
      next(k, -1) === "var" ||
      next(k, -1) === "const" ||
      (next(k, -1) === ">" && isTypedVar(significant, k));
    const isParameter = k > from + 2 && k < body && next(k, 1) === ":";
    if (declares || isParameter) local.add(token);
  });
  const names = shortNames([...used.keys()]);
  const renamed = new Map<string, string>();
  for (const name of [...local].filter((n) => !called.has(n)).sort((a, b) => used.get(b)! - used.get(a)!))
    if (name.length > 1) renamed.set(name, names.next().value!);
  const out = [...tokens];
  significant.forEach(({ token, i }, k) => {
    if (k !== from + 1 && isName(k)) out[i] = renamed.get(token) ?? token;
  });
  return out;
}

/** Whether the `>` before a name closes `var<...>`. */
function isTypedVar(significant: readonly { token: string }[], k: number): boolean {
  const open = significant.slice(Math.max(0, k - 6), k).findLastIndex(({ token }) => token === "<");
  return open > 0 && significant[Math.max(0, k - 6) + open - 1]!.token === "var";
}

function* shortNames(taken: readonly string[]): Generator<string, string> {
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  for (const after of ["", ..."0123456789"])
    for (const letter of letters) if (!taken.includes(letter + after)) yield letter + after;
  throw new Error("a function with more than 500 local names");
}
