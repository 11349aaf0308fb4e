import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { randomSchema } from "./random-schema.ts";
import { compiledSchema, randomNumbers, randomWalk } from "./random-walk.ts";

const SCHEMAS = 80;
const WALKS = 4;

const ajv = new Ajv2020({ strict: false });

it("random answers to random schemas parse and satisfy a validator, and end within their tokens", () => {
  const random = randomNumbers(11);
  for (let index = 0; index < SCHEMAS; index++) {
    const schema = randomSchema(random);
    const shown = JSON.stringify(schema);
    const grammar = compiledSchema(schema as { [keyword: string]: unknown });
    const validate = ajv.compile(schema);
    const neededTokens = grammar.automaton.start.cost + 1;
    for (let walk = 0; walk < WALKS; walk++) {
      const maxTokens = neededTokens + walk * 20;
      const { text, tokens, ended } = randomWalk(grammar, maxTokens, random);
      expect(ended, `${shown} was cut in ${maxTokens} tokens: ${text}`).toBe(true);
      expect(tokens).toBeLessThanOrEqual(maxTokens);
      expect(validate(JSON.parse(text)), `${shown} is not satisfied by ${text}`).toBe(true);
    }
  }
});
