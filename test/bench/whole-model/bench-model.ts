import { existsSync } from "node:fs";
import { mkdir, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { convert } from "../../../weights/convert.ts";
import { GEMMA_SHAPES, gemmaShape } from "../gemma-shape.ts";
import { writeRandomModel } from "../random-model.ts";

const ROOT = join(import.meta.dirname, "../../..");
/** Where benchmarks keep their models between runs. */
export const BENCH_FOLDER = join(ROOT, ".lapidary/bench");
/** The model that comes with the repository. */
export const DEMO_MODEL = join(ROOT, "weights/demo/model");

const BYTES_PER_BF16 = 2;
/** Layers take 4.5 bits a weight and the table 8.5, of 16 in the checkpoint; the rest is to spare. */
const FOLDER_OF_CHECKPOINT = 0.6;

/**
 * The folder of a random model of a Gemma shape in our own format: made at the first call, then kept in `folder`. The
 * checkpoint it is converted from is removed at once. Throws when the disk has no room for both.
 */
export async function benchModelFolder(shapeName: string, layers?: number, folder = BENCH_FOLDER): Promise<string> {
  const shape = gemmaShape(shapeName, layers);
  const whole = shape.num_hidden_layers === GEMMA_SHAPES[shapeName]!.num_hidden_layers;
  const name = `gemma-${shapeName}${whole ? "" : `-${shape.num_hidden_layers}-layers`}`;
  const target = join(folder, name);
  if (existsSync(join(target, "manifest.json"))) return target;

  const checkpoint = join(folder, `${name}.checkpoint`);
  await mkdir(dirname(target), { recursive: true });
  await expectRoom(folder, checkpointBytes(shapeName, shape.num_hidden_layers) * (1 + FOLDER_OF_CHECKPOINT));
  process.stderr.write(`making ${target} …\n`);
  try {
    await writeRandomModel(checkpoint, shape);
    await convert({ checkpoint, target, name: `random-${name}` });
  } finally {
    await rm(checkpoint, { recursive: true, force: true });
  }
  return target;
}

function checkpointBytes(shapeName: string, layers: number): number {
  const shape = gemmaShape(shapeName);
  const { vocab_size: vocabulary, hidden_size: hidden, intermediate_size: intermediate } = shape;
  const heads = 2 * (shape.num_attention_heads + shape.num_key_value_heads) * shape.head_dim;
  return (vocabulary * hidden + layers * hidden * (heads + 3 * intermediate)) * BYTES_PER_BF16;
}

async function expectRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const gigabytes = (count: number) => `${(count / 1e9).toFixed(1)} GB`;
  if (bavail * bsize < bytes)
    throw new Error(
      `${folder} has ${gigabytes(bavail * bsize)} left, a model there needs ${gigabytes(bytes)} for a while`,
    );
}
