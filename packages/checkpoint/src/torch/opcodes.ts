/** The opcodes that a state dict is made of (protocol 2), and those that protocol 4 replaces them with. Source: Python's pickletools. */
export const OP = {
  MARK: 0x28,
  EMPTY_TUPLE: 0x29,
  STOP: 0x2e,
  BINFLOAT: 0x47,
  BININT: 0x4a,
  BININT1: 0x4b,
  BININT2: 0x4d,
  NONE: 0x4e,
  BINPERSID: 0x51,
  REDUCE: 0x52,
  SHORT_BINSTRING: 0x55,
  BINUNICODE: 0x58,
  EMPTY_LIST: 0x5d,
  APPEND: 0x61,
  BUILD: 0x62,
  GLOBAL: 0x63,
  APPENDS: 0x65,
  BINGET: 0x68,
  INST: 0x69,
  LONG_BINGET: 0x6a,
  BINPUT: 0x71,
  LONG_BINPUT: 0x72,
  SETITEM: 0x73,
  TUPLE: 0x74,
  SETITEMS: 0x75,
  EMPTY_DICT: 0x7d,
  PROTO: 0x80,
  TUPLE1: 0x85,
  TUPLE2: 0x86,
  TUPLE3: 0x87,
  NEWTRUE: 0x88,
  NEWFALSE: 0x89,
  LONG1: 0x8a,
  SHORT_BINUNICODE: 0x8c,
  STACK_GLOBAL: 0x93,
  MEMOIZE: 0x94,
  FRAME: 0x95,
} as const;

/** Opcodes that exist but have no place in a state dict, by name, so that a refusal can say what it met. */
const REFUSED =
  "30 POP 31 POP_MARK 32 DUP 42 BINBYTES 43 SHORT_BINBYTES 46 FLOAT 49 INT 4c LONG 50 PERSID 53 STRING 54 BINSTRING " +
  "56 UNICODE 64 DICT 67 GET 69 INST 6c LIST 6f OBJ 70 PUT 81 NEWOBJ 82 EXT1 83 EXT2 84 EXT4 8b LONG4 8d BINUNICODE8 " +
  "8e BINBYTES8 8f EMPTY_SET 90 ADDITEMS 91 FROZENSET 92 NEWOBJ_EX 96 BYTEARRAY8 97 NEXT_BUFFER 98 READONLY_BUFFER";

/** The name of an opcode outside `OP`, or "unknown". */
export function refusedName(opcode: number): string {
  const words = REFUSED.split(" ");
  const at = words.indexOf(opcode.toString(16).padStart(2, "0"));
  return at >= 0 && at % 2 === 0 ? (words[at + 1] as string) : "unknown";
}
