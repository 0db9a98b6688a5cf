import { describe, expect, it } from "vitest";
import { CheckpointError, openCheckpoint } from "../index";
import { ascii, concat, joined, legacyFile, pickle, tensorPickle, torchZip } from "../test-files";

/** Opens a pickle in both formats and returns the error, which must be the same kind in both. */
async function refused(data: Uint8Array): Promise<CheckpointError> {
  const errors: CheckpointError[] = [];
  for (const file of [torchZip(data), legacyFile(data)]) {
    const start = performance.now();
    const error = await openCheckpoint(file).then(
      () => new Error("the file was opened"),
      (e: unknown) => e,
    );
    expect(performance.now() - start).toBeLessThan(2000);
    if (!CheckpointError.isInstance(error)) throw error;
    errors.push(error);
  }
  expect(errors[1]?.code).toBe(errors[0]?.code);
  return errors[0] as CheckpointError;
}

const DANGEROUS =
  `os.system os.popen os.execv os.spawnl os.remove posix.system nt.system subprocess.Popen subprocess.call
subprocess.check_output subprocess.run builtins.eval builtins.exec builtins.compile builtins.open builtins.getattr builtins.setattr
builtins.__import__ builtins.apply builtins.map builtins.globals __builtin__.eval __builtin__.getattr importlib.import_module
importlib.reload runpy.run_path runpy._run_code sys.exit sys.modules shutil.rmtree socket.socket webbrowser.open pty.spawn
commands.getoutput ctypes.CDLL code.InteractiveInterpreter pdb.run timeit.timeit cProfile.run operator.attrgetter
operator.methodcaller functools.partial types.FunctionType types.CodeType pickle.loads _pickle.loads marshal.loads codecs.decode
_codecs.encode torch.load torch.hub.load torch.jit.load torch.package.PackageImporter torch._utils._import_dotted_name
torch.storage._load_from_bytes torch._utils._rebuild_qtensor torch._tensor._rebuild_from_type_v2 torch.nn.modules.linear.Linear
numpy.core.multiarray._reconstruct numpy.load numpy.testing._private.utils.runstring asyncio.unix_events._UnixSubprocessTransport
multiprocessing.util.log_to_stderr http.client.HTTPSConnection urllib.request.urlopen tempfile.mktemp logging.config.listen
copyreg._reconstructor copyreg.add_extension collections.OrderedDict.__init__ collections.__dict__ torch.FloatStorage.__init__
__main__.Model constructor.constructor Object.prototype __proto__.polluted`.split(/\s+/);

describe("globals outside the list", () => {
  it.each(DANGEROUS)("%s is refused by name", async (full) => {
    const dot = full.lastIndexOf(".");
    const [module, name] = [full.slice(0, dot), full.slice(dot + 1)];
    const called = concat(pickle.of(pickle.text("echo harm")), pickle.reduce);
    const stackGlobal = concat(pickle.text(module), pickle.text(name), [0x93]);
    const ways = {
      global: pickle.file(pickle.global(module, name), called),
      stack: pickle.file(stackGlobal, called),
      inst: pickle.file(pickle.mark, pickle.text("echo harm"), ascii(`i${module}\n${name}\n`)),
      nested: pickle.file(pickle.dict([["w", concat(pickle.global(module, name), called)]])),
    };
    for (const data of Object.values(ways)) {
      const error = await refused(data);
      expect(error.code).toBe("forbidden-global");
      expect(error.global).toBe(full);
      expect(error.message).toContain(full);
      expect(error.message).toContain("Nothing was executed");
    }
  });

  it("counts at least fifty of them", () => expect(new Set(DANGEROUS).size).toBeGreaterThanOrEqual(50));
});

const ordered = concat(pickle.global("collections", "OrderedDict"), pickle.emptyTuple, pickle.reduce);

describe("tricks with what is on the list", () => {
  it.each<[string, Uint8Array, string]>([
    ["REDUCE on a string", pickle.file(pickle.text("os.system"), pickle.emptyTuple, pickle.reduce), "corrupt"],
    ["REDUCE on a dict", pickle.file(pickle.emptyDict, pickle.emptyTuple, pickle.reduce), "corrupt"],
    [
      "REDUCE on a storage type",
      pickle.file(pickle.global("torch", "FloatStorage"), pickle.of(pickle.int(9)), pickle.reduce),
      "corrupt",
    ],
    ["REDUCE with a list", pickle.file(pickle.global("torch", "Size"), pickle.emptyList, pickle.reduce), "corrupt"],
    [
      "OrderedDict with arguments",
      pickle.file(pickle.global("collections", "OrderedDict"), pickle.of(pickle.emptyList), pickle.reduce),
      "corrupt",
    ],
    ["BUILD on a plain dict", pickle.file(pickle.emptyDict, pickle.emptyDict, pickle.build), "corrupt"],
    ["BUILD on a global", pickle.file(pickle.global("torch", "Size"), pickle.emptyDict, pickle.build), "corrupt"],
    ["BUILD with a tuple", pickle.file(ordered, pickle.of(pickle.none, pickle.none), pickle.build), "corrupt"],
    ["NEWOBJ", pickle.file(pickle.global("torch", "Size"), pickle.emptyTuple, [0x81]), "unsupported"],
    ["OBJ", pickle.file(pickle.mark, pickle.global("torch", "Size"), [0x6f]), "unsupported"],
    ["INST of an allowed class", pickle.file(pickle.mark, ascii("icollections\nOrderedDict\n")), "unsupported"],
    ["EXT1", pickle.file([0x82, 1]), "unsupported"],
    ["EXT4", pickle.file([0x84, 1, 0, 0, 0]), "unsupported"],
    ["PERSID", pickle.file(ascii("Pos.system\n")), "unsupported"],
    ["protocol 0 STRING", pickle.file(ascii("S'os.system'\n")), "unsupported"],
    ["a huge LONG4", pickle.file([0x8b, 0xff, 0xff, 0xff, 0x7f]), "unsupported"],
    ["BINUNICODE8", pickle.file([0x8d, 255, 255, 255, 255, 255, 255, 255, 127]), "unsupported"],
    ["BYTEARRAY8", pickle.file([0x96, 255, 255, 255, 255, 255, 0, 0, 0]), "unsupported"],
    ["protocol 9", concat([0x80, 9], pickle.none, pickle.stop), "unsupported"],
    ["an unknown opcode", pickle.file([0xee]), "unsupported"],
    ["an empty stack", pickle.file(pickle.reduce), "corrupt"],
    ["values taken from under a mark", pickle.file(pickle.none, pickle.mark, [0x85], pickle.tuple), "corrupt"],
    ["no mark", pickle.file(pickle.tuple), "corrupt"],
    ["an odd SETITEMS", pickle.file(pickle.emptyDict, pickle.mark, pickle.none, pickle.setItems), "corrupt"],
    [
      "a dict as a key",
      pickle.file(pickle.emptyDict, pickle.mark, pickle.emptyDict, pickle.none, pickle.setItems),
      "corrupt",
    ],
    [
      "items set on a list",
      pickle.file(pickle.emptyList, pickle.mark, pickle.none, pickle.none, pickle.setItems),
      "corrupt",
    ],
    ["items appended to a dict", pickle.file(pickle.emptyDict, pickle.mark, pickle.none, pickle.appends), "corrupt"],
    ["a memo that was never set", pickle.file(pickle.get(0xfffffff0)), "corrupt"],
    ["a name without an end", pickle.file(concat(ascii("c"), new Uint8Array(5000).fill(0x61))), "corrupt"],
    ["an overlong string", pickle.file([0x58, 0xff, 0xff, 0xff, 0x7f, 0x61]), "truncated"],
    ["invalid UTF-8", pickle.file([0x58, 2, 0, 0, 0, 0xc3, 0x28]), "corrupt"],
    ["a persistent id that is no storage", pickle.file(pickle.of(pickle.text("module")), pickle.persid), "corrupt"],
    ["a persistent id that is a string", pickle.file(pickle.text("storage"), pickle.persid), "corrupt"],
    [
      "a storage of an allowed non-storage",
      pickle.file(
        pickle.of(
          pickle.text("storage"),
          pickle.global("torch", "Size"),
          pickle.text("0"),
          pickle.text("cpu"),
          pickle.int(1),
        ),
        pickle.persid,
      ),
      "corrupt",
    ],
  ])("%s", async (_, data, code) => {
    expect((await refused(data)).code).toBe(code);
  });

  it("names the opcode that it refuses", async () => {
    expect((await refused(pickle.file([0x8b, 0xff, 0xff, 0xff, 0x7f]))).message).toMatch(/LONG4 \(0x8b\) at byte 2/);
  });
});

describe("bombs", () => {
  const repeat = (part: Uint8Array | readonly number[], times: number) =>
    joined(new Array<typeof part>(times).fill(part));

  it.each<[string, Uint8Array]>([
    ["a million open marks", pickle.file(new Uint8Array(1_000_000).fill(0x28))],
    ["a million values on the stack", pickle.file(new Uint8Array(1_000_000).fill(0x4e))],
    ["a list that contains itself", pickle.file(pickle.emptyList, pickle.put(0), pickle.get(0), [0x61])],
    [
      "a dict that contains itself",
      pickle.file(pickle.emptyDict, pickle.put(0), pickle.text("a"), pickle.get(0), [0x73]),
    ],
    ["lists nested 50,000 deep", pickle.file(new Uint8Array(50_000).fill(0x5d), new Uint8Array(49_999).fill(0x61))],
    ["a million dicts in a list", pickle.file(pickle.emptyList, repeat([0x7d, 0x61], 1_000_000))],
    [
      "1.5 million memo entries",
      pickle.file(pickle.none, joined(Array.from({ length: 1_500_000 }, (_, i) => pickle.put(i)))),
    ],
    [
      "a list that doubles forty times",
      pickle.file(
        pickle.emptyList,
        pickle.put(0),
        ...Array.from({ length: 40 }, (_, i) =>
          concat([0x5d], pickle.put(i + 1), pickle.mark, pickle.get(i), pickle.get(i), pickle.appends),
        ),
      ),
    ],
    [
      "tuples that double forty times",
      pickle.file(
        pickle.emptyTuple,
        pickle.put(0),
        ...Array.from({ length: 40 }, (_, i) => concat(pickle.get(i), pickle.get(i), [0x86], pickle.put(i + 1))),
      ),
    ],
    [
      "a key of a megabyte, nested sixty deep",
      pickle.file(
        pickle.text("k".repeat(1_000_000)),
        pickle.put(0),
        pickle.emptyDict,
        pickle.put(1),
        ...Array.from({ length: 60 }, (_, i) =>
          concat([0x7d], pickle.put(i + 2), pickle.get(0), pickle.get(i + 1), [0x73]),
        ),
      ),
    ],
  ])("%s", async (_, data) => {
    const before = process.memoryUsage();
    expect((await refused(data)).code).toBe("limit");
    const after = process.memoryUsage();
    const growth = after.heapUsed + after.external - before.heapUsed - before.external;
    // Two files are opened, each allowed 64 MiB and four times its size.
    expect(growth).toBeLessThan(2 * (64 * 2 ** 20 + 4 * data.length));
  });

  it("a tensor that a stride of zero makes a terabyte", async () => {
    const data = pickle.file(
      pickle.dict([["w", tensorPickle({ key: "0", count: 1, shape: [1_000_000, 250_000], strides: [0, 0] })]]),
    );
    const zip = openCheckpoint(torchZip(data, [["0", new Uint8Array(4)]]));
    await expect(zip).rejects.toMatchObject({ code: "limit" });
    await expect(openCheckpoint(legacyFile(data, [["0", 1, new Uint8Array(4)]]))).rejects.toMatchObject({
      code: "limit",
    });
  });

  it("a memo index of four billion takes no memory", async () => {
    const data = pickle.file(pickle.dict([["a", concat(pickle.int(7), pickle.put(0xffffffff))]]));
    expect((await openCheckpoint(torchZip(data))).extras).toEqual({ a: 7 });
  });
});

describe("prototype pollution", () => {
  const KEYS = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__", "valueOf"];

  it("writes no property to any prototype, and keeps such names as plain keys", async () => {
    const prototypes = [Object.prototype, Array.prototype, Function.prototype, Map.prototype, String.prototype];
    const before = prototypes.map((p) => Object.getOwnPropertyNames(p).join());
    const evil = pickle.dict([["polluted", [0x88]]]);
    const tensor = tensorPickle({ key: "0", count: 2, shape: [2] });
    const inner = pickle.dict(KEYS.map((key) => [key, tensor]));
    const data = pickle.file(pickle.dict([...KEYS.map((key) => [key, evil] as const), ["model", inner]]));
    for (const file of [torchZip(data, [["0", new Uint8Array(8)]]), legacyFile(data, [["0", 2, new Uint8Array(8)]])]) {
      const checkpoint = await openCheckpoint(file);
      expect([...checkpoint.entries.keys()]).toEqual(KEYS);
      expect((await checkpoint.read("__proto__")).shape).toEqual([2]);
      const extras = checkpoint.extras as Record<string, unknown>;
      expect(Object.getPrototypeOf(extras)).toBe(null);
      expect(Object.keys(extras).sort()).toEqual([...KEYS].sort());
    }
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
    expect(prototypes.map((p) => Object.getOwnPropertyNames(p).join())).toEqual(before);
  });
});
