import { InstancesError } from "./errors";

/** A value found by `JsonElements`: an element of a list, or the value of a member. */
export interface JsonElement {
  /** The member's name; undefined for an element of the list. */
  readonly name?: string;
  readonly text: string;
}

/** A feature needs about eight levels; far more is an attack on whoever parses it. */
const MAX_DEPTH = 64;

/** Where the scanner is in the outer structure. */
type State = "start" | "list" | "members" | "value" | "end";

/**
 * Cuts a GeoJSON text that comes in pieces into its features without holding more than one: the elements of `"features"` (or of
 * a list at the top, as QuPath also exports), and the other members of the collection by name. A single
 * Feature arrives as its members. Values are cut by brackets and quotes only; `JSON.parse` of each piece judges them.
 */
export class JsonElements {
  private state: State = "start";
  /** The states to return to, outermost first. */
  private readonly outer: State[] = [];
  /** True once the text turned out to be an object, not a list. */
  isObject = false;
  private inCollection = false;
  private name: string | undefined;
  private value = "";
  private depth = 0;
  private quoted = false;
  private escaped = false;
  /** What must come next between values: an item, a comma or end, a colon. */
  private expect: "item or end" | "item" | "comma or end" | "colon" = "item or end";

  constructor(private readonly maxElement: number) {}

  /** Takes the next piece and returns the values completed by it. */
  push(piece: string): JsonElement[] {
    const found: JsonElement[] = [];
    let from = 0;
    for (let i = 0; i < piece.length; i++) {
      const c = piece.charCodeAt(i);
      if (this.state === "value") {
        const end = this.endOfValue(c);
        if (end === "no") continue;
        const to = end === "after" ? i + 1 : i;
        found.push(...this.finish(this.value + piece.slice(from, to)));
        if (end === "after") continue;
      }
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) continue;
      if (this.structure(c)) {
        from = i;
        this.value = "";
        this.depth = c === 0x7b || c === 0x5b ? 1 : 0;
        this.quoted = c === 0x22;
        this.escaped = false;
        this.state = "value";
      }
    }
    if (this.state === "value") {
      this.value += piece.slice(from);
      if (this.value.length > this.maxElement)
        throw this.bad("one element is too long", `over ${this.maxElement} characters`, "a shorter outline");
    }
    return found;
  }

  /** Throws unless the text ended where a GeoJSON text may end. */
  end(): void {
    if (this.state !== "end") throw this.bad("the file ends too early", "a cut text", "a complete GeoJSON object");
  }

  /** Says whether character `c` belongs to the current value: no end yet, the last of it, or the first after it. */
  private endOfValue(c: number): "no" | "after" | "before" {
    if (this.quoted) {
      if (this.escaped) this.escaped = false;
      else if (c === 0x5c) this.escaped = true;
      else if (c === 0x22) {
        this.quoted = false;
        if (this.depth === 0) return "after";
      }
      return "no";
    }
    if (c === 0x22) this.quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++this.depth > MAX_DEPTH)
        throw this.bad("an element is nested too deeply", `over ${MAX_DEPTH} levels`, "a feature");
    } else if (c === 0x7d || c === 0x5d) {
      // A bare number or word ends at the bracket of what it is in.
      if (this.depth === 0) return "before";
      if (--this.depth === 0) return "after";
    } else if (this.depth === 0 && (c === 0x2c || c === 0x3a || c <= 0x20)) return "before";
    return "no";
  }

  /** Handles a character between values; true if a value starts with it. */
  private structure(c: number): boolean {
    if (this.state === "start") {
      if (c === 0xfeff) return false;
      if (c !== 0x7b && c !== 0x5b) throw this.bad("the text is no GeoJSON", this.show(c), "{ or [ at its start");
      this.isObject = c === 0x7b;
      this.open(this.isObject ? "members" : "list");
      return false;
    }
    if (this.state === "end")
      throw this.bad("something follows the GeoJSON object", this.show(c), "the end of the file");
    const close = this.state === "list" ? 0x5d : 0x7d;
    if (c === close && (this.expect === "item or end" || this.expect === "comma or end")) {
      this.state = this.outer.pop()!;
      this.expect = "comma or end";
      this.name = undefined;
      return false;
    }
    if (this.expect === "comma or end") {
      if (c !== 0x2c) throw this.bad("a comma is missing", this.show(c), ", or the end of the list");
      this.expect = "item";
      return false;
    }
    if (this.expect === "colon") {
      if (c !== 0x3a) throw this.bad("a colon is missing", this.show(c), ": after a name");
      this.expect = "item";
      return false;
    }
    if (this.state === "members" && this.name === undefined && c !== 0x22)
      throw this.bad("a name is missing", this.show(c), "a quoted name");
    if (this.state === "members" && this.name === "features" && c === 0x5b) {
      if (this.inCollection) throw this.bad("there are two lists of features", "a second one", "one");
      this.inCollection = true;
      this.open("list");
      return false;
    }
    if (c === 0x2c || c === 0x3a || c === 0x5d || c === 0x7d)
      throw this.bad("a value is missing", this.show(c), "a JSON value");
    this.outer.push(this.state);
    return true;
  }

  private open(state: State): void {
    this.outer.push(this.state === "start" ? "end" : this.state);
    this.state = state;
    this.expect = "item or end";
  }

  private finish(text: string): JsonElement[] {
    this.state = this.outer.pop()!;
    this.value = "";
    if (text.length > this.maxElement)
      throw this.bad("one element is too long", `${text.length} characters`, `at most ${this.maxElement}`);
    if (this.state === "list") {
      this.expect = "comma or end";
      return [{ text }];
    }
    if (this.name === undefined) {
      this.name = String(parseJson(text));
      this.expect = "colon";
      return [];
    }
    const name = this.name;
    this.name = undefined;
    this.expect = "comma or end";
    return [{ name, text }];
  }

  private bad(what: string, got: string, expected: string): InstancesError {
    return new InstancesError("readGeoJson", what, got, expected);
  }

  private show(c: number): string {
    return JSON.stringify(String.fromCharCode(c));
  }
}

/** `JSON.parse` that answers broken text with an `InstancesError`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const got = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
    throw new InstancesError("readGeoJson", "the text is no JSON", got, "a JSON value", undefined, { cause });
  }
}
