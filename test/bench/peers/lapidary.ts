import { OneProcessSequence } from "../whole-model/one-process-sequence.ts";
import { openBenchModel } from "../whole-model/open-model.ts";
import { MeasuredSequence } from "./measured-sequence.ts";
import type { Peer, PeerDescription, PeerOptions } from "./peer.ts";

/** What the service feeds a stage at once, by default (functions/settings.ts). */
const CHUNK_ROWS = 128;
/** V8 compiles each kernel twice, the second time when it has run for a while. */
const WARM_UP_TOKENS = 128;

/** Ours, all layers in one process: the executor and kernels that the Durable Objects run, without the ring. */
class Lapidary implements Peer {
  readonly #options: PeerOptions;
  #measured: MeasuredSequence | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
  }

  async prepare(): Promise<PeerDescription> {
    const { modelFolder, engineBuild, contextTokens, vocabSize } = this.#options;
    const model = await openBenchModel(modelFolder, {
      build: engineBuild,
      kvTokens: contextTokens,
      chunkRows: CHUNK_ROWS,
    });
    this.#measured = new MeasuredSequence(new OneProcessSequence(model), vocabSize);
    await this.prefill(Math.min(WARM_UP_TOKENS, contextTokens));
    await this.decode(8, contextTokens - 8 < WARM_UP_TOKENS ? 0 : WARM_UP_TOKENS);
    return {
      version: "this repository",
      detail: `${engineBuild} build, Node ${process.version}, ${(model.memoryBytes / 1e6).toFixed(0)} MB`,
    };
  }

  prefill(tokens: number): Promise<number> {
    return this.#measured!.prefill(tokens);
  }

  decode(tokens: number, context: number): Promise<number> {
    return this.#measured!.decode(tokens, context);
  }

  async close(): Promise<void> {
    this.#measured = undefined;
  }
}

export const createPeer = (options: PeerOptions): Peer => new Lapidary(options);
