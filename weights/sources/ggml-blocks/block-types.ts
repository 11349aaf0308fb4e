import { WeightsError } from "../../errors.ts";
import type { BlockType, SteppedType } from "./block-type.ts";
import { BF16, F16, F32 } from "./plain.ts";
import { Q2_K } from "./q2-k.ts";
import { Q3_K } from "./q3-k.ts";
import { Q4_0, Q4_1 } from "./q4.ts";
import { Q4_K } from "./q4-k.ts";
import { Q5_0, Q5_1 } from "./q5.ts";
import { Q5_K } from "./q5-k.ts";
import { Q6_K } from "./q6-k.ts";
import { Q8_0 } from "./q8.ts";

/** By ggml's number of the type. */
const BLOCK_TYPES: ReadonlyMap<number, BlockType | SteppedType> = new Map<number, BlockType | SteppedType>([
  [0, F32],
  [1, F16],
  [2, Q4_0],
  [3, Q4_1],
  [6, Q5_0],
  [7, Q5_1],
  [8, Q8_0],
  [10, Q2_K],
  [11, Q3_K],
  [12, Q4_K],
  [13, Q5_K],
  [14, Q6_K],
  [30, BF16],
]);

/** Types this reader knows the name of and cannot read. */
const OTHER_NAMES: Readonly<Record<number, string>> = {
  9: "Q8_1",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
};

/** The block type of a ggml type number; a WeightsError, beginning with `where`, for one that is not read. */
export function blockType(type: number, where: string): BlockType | SteppedType {
  const known = BLOCK_TYPES.get(type);
  if (known !== undefined) return known;
  const readable = [...BLOCK_TYPES.values()].map(({ name }) => name).join(", ");
  throw new WeightsError(`${where} has type ${OTHER_NAMES[type] ?? type}, expected one of ${readable}`);
}

export const isStepped = (type: BlockType | SteppedType): type is SteppedType => "steps" in type;
