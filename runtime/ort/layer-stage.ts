import type { LayerStage, LayerStageOptions, RowGroup } from "../engine.ts";
import { InferenceError } from "../errors.ts";
import { MAX_SESSIONS } from "../load-options.ts";
import { checkRowGroups } from "../row-groups.ts";
import { emptyKv, type LayerKv, truncateKv } from "./kv-cache.ts";
import { type LayerNames, layerNames } from "./layer-names.ts";
import { type GrowingRotaryTable, RotaryTables } from "./rotary-tables.ts";
import { ShardSession } from "./shard-session.ts";

interface Layer {
  readonly session: ShardSession;
  readonly names: LayerNames;
  readonly rotary: GrowingRotaryTable;
}

/** A session's cache: one entry a layer, all of `tokens` tokens. */
interface Slot {
  tokens: number;
  layers: LayerKv[];
}

/** Opens one onnxruntime session a layer, and one for the final norm. */
export async function loadLayerStage(
  { manifest, source, firstLayer, layerCount, finalNorm, kvTokens, maxRows }: LayerStageOptions,
  wasmModule: WebAssembly.Module,
): Promise<LayerStage> {
  const { hiddenSize, maxPositionEmbeddings, attention } = manifest.architecture;
  const layers: Layer[] = [];
  const rotary = new RotaryTables();
  for (const [index, { graph, data }] of manifest.layers.slice(firstLayer, firstLayer + layerCount).entries()) {
    const session = await ShardSession.open(wasmModule, source, graph, data);
    const names = layerNames(session.graph);
    layers.push({ session, names, rotary: rotary.of(attention[firstLayer + index]!, names.headDim) });
  }
  const norm = finalNorm
    ? await ShardSession.open(wasmModule, source, manifest.finalNorm.graph, manifest.finalNorm.data)
    : null;
  const contextTokens = Math.min(maxPositionEmbeddings, kvTokens);
  return new OrtLayerStage({ layers, norm, hiddenSize, contextTokens, kvTokens, maxRows });
}

interface StageParts {
  readonly layers: readonly Layer[];
  readonly norm: ShardSession | null;
  readonly hiddenSize: number;
  /** The most tokens a session may hold. */
  readonly contextTokens: number;
  readonly kvTokens: number;
  readonly maxRows: number;
}

/** KV caches live in JavaScript and go in and out of onnxruntime with every call. */
class OrtLayerStage implements LayerStage {
  readonly #parts: StageParts;
  readonly #slots: (Slot | undefined)[];

  constructor(parts: StageParts) {
    this.#parts = parts;
    this.#slots = new Array(Math.min(MAX_SESSIONS, parts.kvTokens)).fill(undefined);
  }

  get memoryBytes(): number {
    const { layers, norm, kvTokens } = this.#parts;
    const kvBytes = layers.reduce((sum, { names }) => sum + 2 * names.kvHeads * names.headDim * 4 * kvTokens, 0);
    return layers.reduce((sum, { session }) => sum + session.bytes, kvBytes + (norm?.bytes ?? 0));
  }

  get freeKvTokens(): number {
    return this.#slots.reduce((free, slot) => free - (slot?.tokens ?? 0), this.#parts.kvTokens);
  }

  /** Every layer keeps all tokens here. */
  get freeKvWindowTokens(): null {
    return null;
  }

  openSession(): number {
    return this.#open({ tokens: 0, layers: this.#parts.layers.map(() => emptyKv) });
  }

  /** Counts the tokens of both: every call makes new caches, so nothing stays shared. */
  forkSession(slot: number, tokens: number): number {
    const held = this.#slot(slot);
    if (tokens > held.tokens)
      throw new InferenceError(
        "position_gap",
        `a session was to begin with ${tokens} tokens of one that holds ${held.tokens}`,
      );
    if (tokens > this.freeKvTokens)
      throw new InferenceError("out_of_capacity", `${tokens} more tokens, room for ${this.freeKvTokens} is left`);
    return this.#open({ tokens, layers: this.#cut(held, tokens) });
  }

  #open(slot: Slot): number {
    const index = this.#slots.indexOf(undefined);
    if (index < 0)
      throw new InferenceError("out_of_capacity", `all ${this.#slots.length} session slots of the stage are taken`);
    this.#slots[index] = slot;
    return index;
  }

  closeSession(slot: number): void {
    this.#slot(slot);
    this.#slots[slot] = undefined;
  }

  sessionTokens(slot: number): number {
    return this.#slot(slot).tokens;
  }

  truncate(slot: number, tokens: number): void {
    const held = this.#slot(slot);
    if (held.tokens <= tokens) return;
    held.layers = this.#cut(held, tokens);
    held.tokens = tokens;
  }

  #cut({ layers, tokens: held }: Slot, tokens: number): LayerKv[] {
    return layers.map((kv, index) => truncateKv(kv, this.#parts.layers[index]!.names.kvHeads, held, tokens));
  }

  async forward(groups: readonly RowGroup[], hidden: Float32Array): Promise<Float32Array> {
    const { hiddenSize } = this.#parts;
    this.#check(groups, hidden);
    const result = new Float32Array(hidden.length);
    const caches: LayerKv[][] = [];
    let offset = 0;
    for (const group of groups) {
      const end = offset + group.rows * hiddenSize;
      const { rows, layers } = await this.#runLayers(group, hidden.slice(offset, end));
      result.set(rows, offset);
      caches.push(layers);
      offset = end;
    }
    for (const [index, { slot, rows }] of groups.entries()) {
      const held = this.#slot(slot);
      held.layers = caches[index]!;
      held.tokens += rows;
    }
    return result;
  }

  async finalNormRows(hidden: Float32Array): Promise<Float32Array> {
    const { norm, hiddenSize } = this.#parts;
    if (norm === null) throw new InferenceError("internal", "this stage was loaded without the final norm");
    const outputs = await norm.run({ [norm.input]: norm.floats(hidden, [1, hidden.length / hiddenSize, hiddenSize]) });
    return outputs(norm.output);
  }

  async #runLayers({ slot, position, rows }: RowGroup, hidden: Float32Array) {
    const { layers, hiddenSize } = this.#parts;
    const held = this.#slot(slot);
    const total = position + rows;
    let current = hidden;
    const caches: LayerKv[] = [];
    for (const [index, { session, names, rotary }] of layers.entries()) {
      const pastDims = [1, names.kvHeads, position, names.headDim];
      const kv = held.layers[index]!;
      const { cosines, sines, dims } = rotary.upTo(total);
      const outputs = await session.run({
        [names.hidden]: session.floats(current, [1, rows, hiddenSize]),
        [names.pastKey]: session.floats(kv.key, pastDims),
        [names.pastValue]: session.floats(kv.value, pastDims),
        [names.lastPosition]: session.integers([total - 1], "int32", [1]),
        [names.totalTokens]: session.integers([total], "int32", []),
        ...(names.rotary && {
          [names.rotary.cosines]: session.floats(cosines, dims),
          [names.rotary.sines]: session.floats(sines, dims),
        }),
      });
      current = outputs(names.hiddenOut);
      caches.push({ key: outputs(names.presentKey), value: outputs(names.presentValue) });
    }
    return { rows: current, layers: caches };
  }

  #check(groups: readonly RowGroup[], hidden: Float32Array): void {
    const { hiddenSize, maxRows, contextTokens } = this.#parts;
    checkRowGroups(groups, hidden, { maxRows, hiddenSize, sessionTokens: (slot) => this.sessionTokens(slot) });
    for (const { position, rows } of groups)
      if (position + rows > contextTokens)
        throw new InferenceError(
          "out_of_capacity",
          `the session would hold ${position + rows} tokens, a session of this stage may hold ${contextTokens}`,
        );
    const totalRows = groups.reduce((sum, { rows }) => sum + rows, 0);
    if (totalRows > this.freeKvTokens)
      throw new InferenceError("out_of_capacity", `${totalRows} more tokens, room for ${this.freeKvTokens} is left`);
  }

  #slot(slot: number): Slot {
    const held = this.#slots[slot];
    if (held === undefined) throw new InferenceError("internal", `session slot ${slot} is not open`);
    return held;
  }
}
