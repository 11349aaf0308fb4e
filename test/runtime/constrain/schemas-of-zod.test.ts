import { expect, test } from "vitest";
import { z } from "zod";
import { compiledSchema, randomNumbers, randomWalk } from "./random-walk.ts";

/** What callers describe with zod, and what zod says of it in JSON Schema; zod itself is the judge. */
const TYPES: Readonly<Record<string, z.ZodType>> = {
  email: z.email(),
  uuid: z.uuid(),
  url: z.url(),
  date: z.iso.date(),
  time: z.iso.time(),
  "date and time": z.iso.datetime(),
  "IP v4": z.ipv4(),
  "IP v6": z.ipv6(),
  "text with a beginning": z.string().startsWith("ab"),
  "short text": z.string().min(2).max(5),
  integer: z.int().positive(),
  number: z.number().gt(-2).lte(0.5),
  record: z.record(z.string(), z.number()),
  "record with given names": z.record(z.enum(["a", "b"]), z.boolean()),
  "part of a record": z.partialRecord(z.enum(["a", "b"]), z.boolean()),
  union: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("a"), text: z.string() }),
    z.object({ kind: z.literal("b"), more: z.array(z.int()).nonempty() }),
  ]),
  tuple: z.tuple([z.string(), z.boolean()], z.number()),
  optional: z.object({ a: z.string().optional(), b: z.nullable(z.enum(["x", "y"])), c: z.literal(["c", 1, null]) }),
  loose: z.looseObject({ a: z.int() }),
  intersection: z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
};

test.each(Object.entries(TYPES))("%s", (_, type) => {
  const random = randomNumbers(31);
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type);
  const grammar = compiledSchema(schema as { [keyword: string]: unknown });
  for (let walk = 0; walk < 15; walk++) {
    const { text, ended } = randomWalk(grammar, 120, random);
    expect(ended).toBe(true);
    expect(type.safeParse(JSON.parse(text)).success, text).toBe(true);
  }
});
