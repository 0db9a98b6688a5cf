import { CheckpointError } from "../errors";
import { callGlobal, resolveGlobal } from "./globals";
import type { MemoryBudget } from "./memory-budget";
import { OP, refusedName } from "./opcodes";
import { describe, PickleDict, PickleList, PickleTuple, type PickleValue } from "./pickle-values";

/** Real pickles stay far below both: containers are filled a thousand items at a time. */
const MAX_STACK = 100_000;
const MAX_MARKS = 10_000;
const MAX_LINE = 1024;

/** What differs between the formats and tests. */
export interface UnpickleOptions {
  readonly budget: MemoryBudget;
  /** Resolves BINPERSID; throws for anything that is not a storage. */
  readonly persistentLoad: (id: PickleValue) => PickleValue;
}

/**
 * Runs one pickle from `start`: the opcodes that `torch.save` writes (protocol 2, and the few that protocol 4 adds), the
 * rules of torch's `weights_only` loader, and no way to reach code. Returns the value and the offset after STOP.
 * Throws `forbidden-global`, `unsupported`, `corrupt`, `limit`, or `truncated` where the bytes end before STOP.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  options: UnpickleOptions,
): { value: PickleValue; end: number } {
  const vm = new PickleMachine(bytes, start, options);
  return { value: vm.run(), end: vm.position };
}

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #options: UnpickleOptions;
  readonly #text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #stack: PickleValue[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at: number;
  #opcodeAt = 0;

  constructor(bytes: Uint8Array, start: number, options: UnpickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#options = options;
    this.#at = start;
  }

  get position(): number {
    return this.#at;
  }

  run(): PickleValue {
    for (;;) {
      this.#opcodeAt = this.#at;
      const opcode = this.#byte();
      if (opcode === OP.STOP) return this.#pop();
      const value = this.#produce(opcode);
      if (value === undefined) this.#act(opcode);
      else this.#push(value);
    }
  }

  /** The value that an opcode pushes, or undefined for an opcode that pushes none. */
  #produce(opcode: number): PickleValue | undefined {
    const { budget, persistentLoad } = this.#options;
    switch (opcode) {
      case OP.NONE:
        return null;
      case OP.NEWTRUE:
        return true;
      case OP.NEWFALSE:
        return false;
      case OP.BININT:
        return this.#view.getInt32(this.#take(4), true);
      case OP.BININT1:
        return this.#byte();
      case OP.BININT2:
        return this.#view.getUint16(this.#take(2), true);
      case OP.BINFLOAT:
        return this.#view.getFloat64(this.#take(8), false);
      case OP.LONG1:
        return this.#long(this.#byte());
      case OP.BINUNICODE:
        return this.#string(this.#view.getUint32(this.#take(4), true));
      case OP.SHORT_BINUNICODE:
      case OP.SHORT_BINSTRING: // as Python 2 wrote its strings
        return this.#string(this.#byte());
      case OP.EMPTY_LIST:
        budget.spend(96);
        return new PickleList();
      case OP.EMPTY_DICT:
        budget.spend(256);
        return new PickleDict(false);
      case OP.EMPTY_TUPLE:
        return this.#tuple([]);
      case OP.TUPLE1:
        return this.#tuple(this.#popMany(1));
      case OP.TUPLE2:
        return this.#tuple(this.#popMany(2));
      case OP.TUPLE3:
        return this.#tuple(this.#popMany(3));
      case OP.TUPLE:
        return this.#tuple(this.#popMark());
      case OP.BINGET:
        return this.#recall(this.#byte());
      case OP.LONG_BINGET:
        return this.#recall(this.#view.getUint32(this.#take(4), true));
      case OP.GLOBAL:
        return resolveGlobal(this.#line(), this.#line());
      case OP.STACK_GLOBAL: {
        const [module, name] = this.#popMany(2);
        if (typeof module === "string" && typeof name === "string") return resolveGlobal(module, name);
        return this.#corrupt(`STACK_GLOBAL takes two strings, not ${describe(module)} and ${describe(name)}`);
      }
      case OP.REDUCE: {
        const [callee, args] = this.#popMany(2) as [PickleValue, PickleValue];
        budget.spend(400);
        return callGlobal(callee, args);
      }
      case OP.BINPERSID:
        budget.spend(200);
        return persistentLoad(this.#pop());
      default:
        return undefined;
    }
  }

  /** The opcodes that change what is there; every other is refused. */
  #act(opcode: number): void {
    switch (opcode) {
      case OP.PROTO: {
        const version = this.#byte();
        if (version < 2 || version > 5) this.#refuse(`protocol ${version}`, opcode);
        break;
      }
      case OP.FRAME: // a hint for buffered readers
        this.#take(8);
        break;
      case OP.MARK:
        if (this.#marks.length >= MAX_MARKS) this.#limit(`more than ${MAX_MARKS} open marks`);
        this.#marks.push(this.#stack.length);
        break;
      case OP.APPEND:
        this.#append(this.#popMany(1));
        break;
      case OP.APPENDS:
        this.#append(this.#popMark());
        break;
      case OP.SETITEM:
        this.#setItems(this.#popMany(2));
        break;
      case OP.SETITEMS:
        this.#setItems(this.#popMark());
        break;
      case OP.BUILD:
        this.#build();
        break;
      case OP.BINPUT:
        this.#memoize(this.#byte());
        break;
      case OP.LONG_BINPUT:
        this.#memoize(this.#view.getUint32(this.#take(4), true));
        break;
      case OP.MEMOIZE:
        this.#memoize(this.#memo.size);
        break;
      case OP.INST: // never allowed, but a global outside the list is named first
        resolveGlobal(this.#line(), this.#line());
        this.#refuse("INST", opcode);
        break;
      default:
        this.#refuse(refusedName(opcode), opcode);
    }
  }

  #corrupt(problem: string): never {
    throw new CheckpointError(
      "corrupt",
      `[openCheckpoint] the pickle is not valid: ${problem}, at byte ${this.#opcodeAt}. The file is damaged or hostile.`,
    );
  }

  #limit(problem: string): never {
    throw new CheckpointError(
      "limit",
      `[openCheckpoint] the pickle has ${problem}, at byte ${this.#opcodeAt}. Expected a state dict. The file is damaged or hostile.`,
    );
  }

  #refuse(name: string, opcode: number): never {
    throw new CheckpointError(
      "unsupported",
      `[openCheckpoint] the pickle uses an opcode that a state dict does not need. Got ${name} ` +
        `(0x${opcode.toString(16).padStart(2, "0")}) at byte ${this.#opcodeAt}. Nothing was executed. ` +
        "Expected what torch.save(model.state_dict(), path) writes.",
    );
  }

  /** Moves over `count` bytes and returns where they begin. */
  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) {
      throw new CheckpointError(
        "truncated",
        `[openCheckpoint] the pickle ends too early. Got ${this.#bytes.length - at} bytes at ${at}. Expected ${count} more. ` +
          "Download or copy the file again.",
      );
    }
    this.#at = at + count;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #string(length: number): string {
    const at = this.#take(length);
    this.#options.budget.spend(24 + 2 * length);
    return this.#decode(at, at + length);
  }

  #decode(begin: number, end: number): string {
    try {
      return this.#text.decode(this.#bytes.subarray(begin, end));
    } catch {
      return this.#corrupt("a string is not valid UTF-8");
    }
  }

  /** A line of a GLOBAL, without its newline. */
  #line(): string {
    const begin = this.#at;
    const end = this.#bytes.subarray(begin, begin + MAX_LINE).indexOf(0x0a);
    if (end < 0) {
      if (begin + MAX_LINE > this.#bytes.length) this.#take(MAX_LINE);
      this.#corrupt(`a global's name is longer than ${MAX_LINE} bytes`);
    }
    this.#at = begin + end + 1;
    return this.#decode(begin, begin + end);
  }

  /** Two's complement, little-endian; a number where it is exact. */
  #long(length: number): number | bigint {
    const begin = this.#take(length);
    this.#options.budget.spend(32 + length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[begin + i] as number);
    if (length > 0) value = BigInt.asIntN(length * 8, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  /** The lowest stack index that the current mark leaves accessible. */
  #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #push(value: PickleValue): void {
    if (this.#stack.length >= MAX_STACK) this.#limit(`more than ${MAX_STACK} values on its stack`);
    this.#stack.push(value);
  }

  #top(): PickleValue {
    if (this.#stack.length <= this.#floor()) this.#corrupt("the stack is empty");
    return this.#stack.at(-1) as PickleValue;
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.pop();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - count < this.#floor()) this.#corrupt("the stack is empty");
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #popMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.#corrupt("no mark was set");
    return this.#stack.splice(mark);
  }

  #tuple(items: PickleValue[]): PickleTuple {
    this.#options.budget.spend(64 + 8 * items.length);
    return new PickleTuple(items);
  }

  /** torch keeps a state dict's `_metadata` as an attribute of its OrderedDict; it says nothing about the tensors. */
  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (!(target instanceof PickleDict && target.ordered && state instanceof PickleDict)) {
      this.#corrupt(`BUILD sets the state of ${describe(target)} from ${describe(state)}`);
    }
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!(list instanceof PickleList)) this.#corrupt(`items are appended to ${describe(list)}`);
    this.#options.budget.spend(16 * items.length);
    for (const item of items) list.items.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof PickleDict)) this.#corrupt(`items are set on ${describe(dict)}`);
    if (items.length % 2 !== 0) this.#corrupt("a dict is given a key without a value");
    this.#options.budget.spend(48 * items.length);
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i] as PickleValue;
      if (typeof key === "object" && key !== null && !(key instanceof PickleTuple)) {
        this.#corrupt(`${describe(key)} is used as a key`);
      }
      dict.map.set(key, items[i + 1] as PickleValue);
    }
  }

  #memoize(index: number): void {
    if (!this.#memo.has(index)) this.#options.budget.spend(96);
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): PickleValue {
    const value = this.#memo.get(index);
    return value === undefined ? this.#corrupt(`memo ${index} was never set`) : value;
  }
}
