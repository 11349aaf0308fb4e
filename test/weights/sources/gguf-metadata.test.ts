import { expect, test } from "vitest";
import { WeightsError } from "../../../weights/errors.ts";
import { GgufFile } from "../../../weights/sources/gguf-file.ts";
import { array, bool, encodeGguf, f32, text, u32, type Value } from "./gguf-writer.ts";
import { memoryBytes } from "./memory-bytes.ts";

const open = (metadata: [string, Value][], alignment?: number) =>
  GgufFile.over(
    memoryBytes("x.gguf", encodeGguf({ metadata, tensors: [], ...(alignment === undefined ? {} : { alignment }) })),
  );

test("values of every type are read", async () => {
  const { fields } = await open([
    ["u8", { type: "u8", value: 255 }],
    ["i8", { type: "i8", value: -128 }],
    ["u16", { type: "u16", value: 65_535 }],
    ["i16", { type: "i16", value: -32_768 }],
    ["u32", u32(4_294_967_295)],
    ["i32", { type: "i32", value: -2_147_483_648 }],
    ["u64", { type: "u64", value: 2n ** 53n - 1n }],
    ["i64", { type: "i64", value: -5n }],
    ["f32", f32(1e-6)],
    ["f64", { type: "f64", value: 0.1 }],
    ["bool", bool(true)],
    ["string", text("▁ is a bar")],
    ["strings", array("string", ["a", "", "c"])],
    ["floats", array("f32", [0.5, -2])],
    ["longs", array("u64", [1n, 2n])],
    ["bools", array("bool", [true, false])],
    ["nested", array("array", [array("u8", [1]), array("string", ["x"])])],
  ]);
  expect(["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64"].map((key) => fields.integer(key))).toEqual([
    255,
    -128,
    65_535,
    -32_768,
    4_294_967_295,
    -2_147_483_648,
    2 ** 53 - 1,
    -5,
  ]);
  // As a config.json would say it, not 9.999999974752427e-7.
  expect(fields.number("f32")).toBe(1e-6);
  expect(fields.number("f64")).toBe(0.1);
  expect(fields.boolean("bool")).toBe(true);
  expect(fields.string("string")).toBe("▁ is a bar");
  expect(fields.strings("strings")).toEqual(["a", "", "c"]);
  expect(fields.numbers("floats")).toEqual([0.5, -2]);
  expect(fields.numbers("longs")).toEqual([1, 2]);
  expect(fields.numbers("bools")).toEqual([1, 0]);
  expect(fields.isArray("nested")).toBe(true);
});

test("strings longer than the reader's window, and at its edges, are whole", async () => {
  const long = "0123456789abcdef".repeat(65_536);
  for (const shift of [0, 1, 37]) {
    const { fields } = await open([
      ["pad", text("x".repeat(shift))],
      ["long", text(long.slice(0, 1_048_000))],
      ["after", text("end")],
      ["number", u32(7)],
    ]);
    expect(fields.string("long")).toBe(long.slice(0, 1_048_000));
    expect(fields.string("after")).toBe("end");
    expect(fields.integer("number")).toBe(7);
  }
});

test("asking for another type is refused with key and value", async () => {
  const { fields } = await open([
    ["name", text("x")],
    ["count", u32(1)],
    ["huge", { type: "u64", value: 2n ** 60n }],
    ["nan", f32(Number.NaN)],
    ["mixed", array("array", [array("u8", [1])])],
  ]);
  const refusals: [() => unknown, RegExp][] = [
    [() => fields.integer("name"), /metadata name is string x, expected a number/],
    [() => fields.string("count"), /metadata count is number 1, expected a string/],
    [() => fields.boolean("count"), /metadata count is number 1, expected true or false/],
    [() => fields.integer("huge"), /metadata huge is bigint 1152921504606846976, expected an integer within/],
    [() => fields.number("nan"), /metadata nan is number NaN, expected a finite number/],
    [() => fields.strings("mixed"), /metadata mixed is an array, expected an array of strings/],
    [() => fields.numbers("mixed"), /metadata mixed is an array, expected an array of numbers/],
    [() => fields.string("absent"), /has no metadata absent/],
  ];
  for (const [read, message] of refusals) {
    expect(read).toThrow(WeightsError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^x\.gguf/);
  }
});
