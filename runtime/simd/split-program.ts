import { type LayerPart, splitLayer } from "../../weights/layer-parts.ts";
import type { Architecture, ModelFile } from "../../weights/manifest.ts";
import type { KernelStep, Program, RowBuffer, Step } from "./program.ts";
import { stepReads, stepWrites } from "./program.ts";
import { cutStep, findSlices, unsupported } from "./split-steps.ts";
import type { StageAttention, StageProgram } from "./stage-program.ts";

/** What a part runs between two exchanges of rows: whole normed rows in, its share of a sum of whole rows out. */
export interface Block extends Program {
  readonly input: RowBuffer;
}

/** A stage's program as one part of its layers sees it. */
export interface SplitProgram {
  /** What the first part runs: norms, residual sums and its own blocks, each between a share and a join. */
  readonly leader: StageProgram<Step>;
  /** The part's blocks alone, two a layer: attention, then feed-forward. */
  readonly blocks: readonly Block[];
  /** Of the part's heads. */
  readonly attention: StageAttention;
}

/**
 * Cuts a stage's program for one part of its layers. Products that lead to attention or to the gated feed-forward make
 * some of their outputs; the products that follow take those columns alone and make a share of the sum. A part's columns
 * are quantised in segments that begin with its first one. InferenceError unsupported when a layer is built otherwise.
 */
export function splitProgram(stage: StageProgram, architecture: Architecture, part: LayerPart): SplitProgram {
  const { heads, kvHeads } = part;
  const attention = { ...stage.attention, heads, kvHeads };
  const slices = findSlices(stage.steps, architecture, part);
  const leader: Step[] = [];
  const blocks: Block[] = [];
  let block: { readonly input: RowBuffer; readonly steps: KernelStep[] } | null = null;
  for (const step of stage.steps) {
    const opens = step.op === "quantizeActivations" && slices.opening.has(step.y);
    if (opens) {
      if (block !== null) throw unsupported(`"${step.x.name}" is multiplied before the sum of "${block.input.name}"`);
      block = { input: step.x, steps: [] };
      leader.push({ op: "share", x: step.x, block: blocks.length });
    } else if (![...stepReads(step), stepWrites(step)].some((buffer) => buffer !== null && slices.of.has(buffer))) {
      leader.push(step);
      continue;
    }
    if (block === null) throw unsupported(`a ${step.op} takes some columns of rows that no product made`);
    const cut = cutStep(step, slices, part);
    block.steps.push(cut);
    leader.push(cut);
    if (step.op !== "matmul" || slices.of.has(step.y)) continue;
    leader.push({ op: "join", x: step.y });
    blocks.push({ input: block.input, output: step.y, ...weightsOf(block.steps), steps: block.steps });
    block = null;
  }
  const layers = attention.windows.length;
  if (blocks.length !== 2 * layers)
    throw unsupported(`${layers} of them make ${blocks.length} sums, expected two each`);
  const { input, output } = stage;
  return { leader: { input, output, ...weightsOf(leader), steps: leader, attention }, blocks, attention };
}

/** What the first of `parts` parts runs. */
export const leaderProgram = (stage: StageProgram, architecture: Architecture, parts: number): StageProgram<Step> =>
  splitProgram(stage, architecture, splitLayer(architecture, parts)[0]!).leader;

/** The files that hold what programs of one part need; a part reads no others. */
export function filesOf(programs: readonly Program<Step>[], files: readonly ModelFile[]): ModelFile[] {
  const named = new Set(
    programs.flatMap(({ matrices, vectors }) => [
      ...matrices.flatMap(({ pieces }) => pieces.map(({ bytes }) => bytes.file)),
      ...vectors.map(({ data }) => data.file),
    ]),
  );
  return files.filter(({ path }) => named.has(path));
}

/** The matrices and vectors that steps name, each once. */
function weightsOf(steps: readonly Step[]): Pick<Program, "matrices" | "vectors"> {
  const matrices = steps.flatMap((step) => (step.op === "matmul" ? [step.matrix] : []));
  const vectors = steps.flatMap((step) => (step.op === "rmsNorm" ? [step.weight] : []));
  return { matrices: [...new Set(matrices)], vectors: [...new Set(vectors)] };
}
