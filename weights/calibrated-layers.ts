import { WeightsError } from "./errors.ts";
import { layerShard } from "./families/layer.ts";
import type { LayerBits } from "./families/layer-bits.ts";
import { evenBits } from "./families/layer-bits.ts";
import type { LayerProduct, PlannedLayer } from "./families/layer-graph.ts";
import { layerMatrices } from "./families/shapes.ts";
import type { Manifest } from "./manifest.ts";
import type { WeightBits } from "./onnx/graph-builder.ts";
import { FirstRows } from "./quantise/first-rows.ts";
import { CompensatedRounding } from "./quantise/gptq.ts";
import { compileQuantiseKernels } from "./quantise/kernels/compile.mjs";
import type { Method } from "./quantise/method.ts";
import { keepsStored, readRows8 } from "./quantise/plain-rounding.ts";
import type { QuantisedMatrices, QuantisedMatrix } from "./quantise/quantised-matrix.ts";
import { QUANTISATION_BLOCK } from "./quantise/round.ts";
import type { Calibration, LayerRun } from "./quantise/run-layer.ts";
import { SearchedRounding } from "./quantise/search.ts";
import { SecondMoments } from "./quantise/second-moments.ts";
import { embedSequences } from "./quantise/sequences.ts";
import { Squares } from "./quantise/squares.ts";
import { TrialLayers } from "./quantise/trial-layers.ts";
import type { ShardEncoder } from "./shard-encoder.ts";
import type { CheckpointTensors } from "./sources/checkpoint.ts";

/** Matrices wider than this are compensated in blocks of columns: the moments of all pairs would not fit. */
const MAX_WHOLE_COLUMNS = 4096;
const WIDE_BLOCK_COLUMNS = 512;
/** Float32 values of a matrix held at once. */
const CHUNK_VALUES = 1 << 22;
const LARGEST_WEIGHT = 400_000;

export interface CalibratedLayersOptions {
  readonly tensors: CheckpointTensors;
  readonly description: Omit<Manifest, "layers">;
  readonly method: Exclude<Method, "round">;
  readonly calibration: Calibration;
  readonly encoder: ShardEncoder;
  /** Called between two pieces of work; may throw to stop. */
  readonly onStep: () => void;
}

/**
 * Quantises layer after layer by what really enters them: hidden rows come from the quantised layers before, and
 * within a layer each matrix meets the rows that the quantised matrices before it make.
 */
export class CalibratedLayers {
  readonly #options: CalibratedLayersOptions;
  readonly #kernels: WebAssembly.Module;
  readonly #trials: TrialLayers;
  readonly #sequenceTokens: readonly number[];
  /** What enters the next layer [tokens, hiddenSize]. */
  readonly #hidden: Float32Array;

  private constructor(options: CalibratedLayersOptions, kernels: WebAssembly.Module, hidden: Float32Array) {
    this.#options = options;
    this.#kernels = kernels;
    this.#trials = new TrialLayers(options.description, options.encoder, options.calibration.runLayer);
    this.#sequenceTokens = options.calibration.sequences.map(({ length }) => length);
    this.#hidden = hidden;
  }

  /** Reads the calibration's embedding rows. */
  static async begin(options: CalibratedLayersOptions): Promise<CalibratedLayers> {
    const { calibration, tensors, description } = options;
    const kernels = await compileQuantiseKernels();
    return new CalibratedLayers(
      options,
      kernels,
      await embedSequences(calibration.sequences, tensors, description.architecture),
    );
  }

  /**
   * The matrices of the layer whose inputs are at hand, but for those a model folder holds as they are stored: with the
   * search only those of 4 bits, as scales of 8 gain nothing by it. GPTQ looks at each input once the matrices before it are quantised; for the search one look at all of them will do.
   */
  async quantise(layer: number, bits: LayerBits): Promise<QuantisedMatrices> {
    const { architecture } = this.#options.description;
    const done = new Map<string, QuantisedMatrix>();
    const { products } = layerShard(architecture, layer, bits);
    const open = products.filter((product) => this.#isOpen(product, bits));
    const inputs = [...new Set(open.map(({ input }) => input))];
    if (inputs.length === 0) return done;
    for (const looked of this.#options.method === "gptq" ? inputs.map((input) => [input]) : [inputs]) {
      // Matrices still to come are taken as plainly rounded to 8 bits, as good as exact.
      const soFar = { ...evenBits(8) };
      for (const { matrix, source } of products) if (done.has(source)) soFar[matrix] = bits[matrix];
      const moments = await this.#observe(layer, layerShard(architecture, layer, soFar), done, looked);
      for (const input of looked) {
        const seen = moments.get(input)!;
        const rounding =
          seen instanceof Squares
            ? new SearchedRounding(this.#kernels, seen)
            : new CompensatedRounding(this.#kernels, seen);
        for (const product of open)
          if (product.input === input)
            done.set(product.source, await this.#quantiseMatrix(product, bits[product.matrix], rounding));
      }
    }
    return done;
  }

  /** Goes on to the next layer by running the one that is written now. */
  async advance(layer: number, entry: Manifest["layers"][number], read: LayerRun["read"]): Promise<void> {
    await this.#trials.runWritten(entry, read, {
      layer,
      hidden: this.#hidden,
      into: this.#hidden,
      sequenceTokens: this.#sequenceTokens,
    });
    this.#options.onStep();
  }

  /** Moments of the rows that enter products, by the graph's name for them. */
  async #observe(
    layer: number,
    shard: PlannedLayer,
    done: QuantisedMatrices,
    inputs: readonly string[],
  ): Promise<ReadonlyMap<string, SecondMoments | Squares>> {
    const matrices = layerMatrices(this.#options.description.architecture);
    const moments = new Map(
      inputs.map((input) => {
        const { columns } = matrices[shard.products.find((product) => product.input === input)!.matrix];
        return [input, this.#observer(columns)];
      }),
    );
    const takers = new Map([...moments].map(([input, sums]) => [input, new FirstRows(sums, this.#sequenceTokens)]));
    await this.#trials.run(shard, done, {
      layer,
      hidden: this.#hidden,
      sequenceTokens: this.#sequenceTokens,
      // Inputs come in order of use.
      lastProductInput: inputs.at(-1)!,
      onProductInput: (name, rows) => {
        takers.get(name)?.add(rows);
        this.#options.onStep();
      },
    });
    for (const [input, taker] of takers) {
      if (taker.seenRows * this.#options.description.architecture.hiddenSize !== this.#hidden.length)
        throw new WeightsError(
          `layer ${layer}: the engine showed ${taker.seenRows} rows named ${input}, expected every token's`,
        );
      taker.finish();
    }
    return moments;
  }

  #isOpen({ matrix, source }: LayerProduct, bits: LayerBits): boolean {
    if (bits[matrix] === 8 && this.#options.method === "search") return false;
    return !keepsStored(this.#options.tensors, source, bits[matrix]);
  }

  #observer(columns: number): SecondMoments | Squares {
    if (this.#options.method === "search") return new Squares(columns);
    return new SecondMoments(this.#kernels, columns, columns <= MAX_WHOLE_COLUMNS ? columns : WIDE_BLOCK_COLUMNS);
  }

  async #quantiseMatrix(
    { matrix, source }: LayerProduct,
    bits: WeightBits,
    rounding: SearchedRounding | CompensatedRounding,
  ): Promise<QuantisedMatrix> {
    const { outputs, columns } = layerMatrices(this.#options.description.architecture)[matrix];
    const blocks = columns / QUANTISATION_BLOCK;
    const rowBytes = (columns * bits) / 8;
    const scales = new Uint16Array(outputs * blocks);
    const data = new Uint8Array(outputs * rowBytes);
    const chunkRows = Math.max(1, Math.floor(CHUNK_VALUES / columns));
    for (let row = 0; row < outputs; row += chunkRows) {
      const end = Math.min(outputs, row + chunkRows);
      const values = new Float32Array((end - row) * columns);
      const round8 = await readRows8(this.#options.tensors, source, row, values);
      checkFinite(values, source, row, columns);
      const to = [scales.subarray(row * blocks, end * blocks), data.subarray(row * rowBytes, end * rowBytes)] as const;
      if (bits === 4) rounding.quantise4(values, ...to);
      else {
        round8(...to);
        if (rounding instanceof CompensatedRounding) rounding.quantise8(values, ...to);
      }
      this.#options.onStep();
    }
    return { scales, data };
  }
}

function checkFinite(values: Float32Array, source: string, firstRow: number, columns: number): void {
  for (let i = 0; i < values.length; i++)
    if (!(Math.abs(values[i]!) < LARGEST_WEIGHT))
      throw new WeightsError(
        `tensor ${source}, row ${firstRow + Math.floor(i / columns)}: expected finite weights within ${LARGEST_WEIGHT} ` +
          `of zero, found ${values[i]}: the checkpoint is damaged or its training diverged`,
      );
}
