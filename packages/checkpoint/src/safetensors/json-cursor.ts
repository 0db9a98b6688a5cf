import { CheckpointError } from "../errors";

/**
 * A strict reader of the few JSON shapes that a safetensors header may contain.
 * `JSON.parse` will not do: it keeps the last of two equal keys, rounds integers above 2^53, and follows any nesting.
 */
export class JsonCursor {
  #at = 0;
  constructor(readonly text: string) {}

  get position(): number {
    return this.#at;
  }

  /** Throws `corrupt` with the place in the header. */
  fail(problem: string): never {
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] the safetensors header is not valid: ${problem}. Got ` +
        `${JSON.stringify(this.text.slice(this.#at, this.#at + 24))} at character ${this.#at}. ` +
        'Expected {"name": {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, ...}.',
    );
  }

  #space(): void {
    for (;;) {
      const c = this.text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  /** Consumes `char` if it comes next. */
  take(char: string): boolean {
    this.#space();
    if (this.text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  expect(char: string): void {
    if (!this.take(char)) this.fail(`'${char}' is missing`);
  }

  string(): string {
    this.#space();
    const begin = this.#at;
    if (this.text[begin] !== '"') this.fail("a string is missing");
    let end = begin + 1;
    for (; end < this.text.length; end++) {
      const c = this.text.charCodeAt(end);
      if (c === 0x22) break;
      if (c === 0x5c) end++;
    }
    if (end >= this.text.length) this.fail("a string does not end");
    let value: unknown;
    try {
      value = JSON.parse(this.text.slice(begin, end + 1));
    } catch {
      this.fail("a string has an invalid escape or a control character");
    }
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value)) this.fail("a string is not valid Unicode");
    this.#at = end + 1;
    return value;
  }

  /** A whole number from 0 to 2^53 - 1, written without sign, fraction, exponent or leading zeros. */
  integer(): number {
    this.#space();
    const begin = this.#at;
    let end = begin;
    while (this.text.charCodeAt(end) >= 0x30 && this.text.charCodeAt(end) <= 0x39) end++;
    const digits = this.text.slice(begin, end);
    const next = this.text[end];
    if (digits === "" || next === "." || next === "e" || next === "E" || (digits.length > 1 && digits[0] === "0")) {
      this.fail("a whole number is missing");
    }
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) this.fail("a number overflows");
    this.#at = end;
    return value;
  }

  /** `[n, n, ...]` of at most `max` whole numbers. */
  integers(max: number): number[] {
    this.expect("[");
    const values: number[] = [];
    if (this.take("]")) return values;
    do {
      if (values.length === max) this.fail(`a list has more than ${max} numbers`);
      values.push(this.integer());
    } while (this.take(","));
    this.expect("]");
    return values;
  }

  /** `{"key": value, ...}`: `member` reads each value; a key that comes twice is an error. */
  object(what: string, member: (key: string) => void): void {
    this.expect("{");
    const seen = new Set<string>();
    if (this.take("}")) return;
    do {
      const key = this.string();
      if (seen.has(key)) this.fail(`${what} has the key ${JSON.stringify(key.slice(0, 80))} twice`);
      seen.add(key);
      this.expect(":");
      member(key);
    } while (this.take(","));
    this.expect("}");
  }
}
