import type { Llama, LlamaContext, LlamaModel } from "node-llama-cpp";
import { installedVersion } from "./installed-package.ts";
import { MAX_BATCH_TOKENS, MeasuredSequence, type Sequence } from "./measured-sequence.ts";
import type { Peer, PeerDescription, PeerOptions } from "./peer.ts";

const SEQUENCE = 0;
const WARM_UP_TOKENS = 32;

/** llama.cpp as native code, in the build that node-llama-cpp ships for this processor. */
class LlamaNative implements Peer, Sequence {
  readonly #options: PeerOptions;
  readonly #measured: MeasuredSequence;
  #llama: Llama | undefined;
  #model: LlamaModel | undefined;
  #context: LlamaContext | undefined;
  #position = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#measured = new MeasuredSequence(this, options.vocabSize);
  }

  async prepare(): Promise<PeerDescription> {
    const version = installedVersion("node-llama-cpp");
    const { getLlama } = await import("node-llama-cpp");
    this.#llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1, logLevel: "error" });
    this.#model = await this.#llama.loadModel({ modelPath: this.#options.gguf, gpuLayers: 0 });
    this.#context = await this.#model.createContext({
      contextSize: this.#options.contextTokens,
      batchSize: MAX_BATCH_TOKENS,
      threads: 1,
    });
    await this.prefill(WARM_UP_TOKENS);
    await this.decode(4, WARM_UP_TOKENS);
    return {
      version: `node-llama-cpp ${version}, llama.cpp ${this.#llama.llamaCppRelease.release}`,
      detail: this.#llama.systemInfo,
    };
  }

  prefill(tokens: number): Promise<number> {
    return this.#measured.prefill(tokens);
  }

  decode(tokens: number, context: number): Promise<number> {
    return this.#measured.decode(tokens, context);
  }

  async evaluate(batches: readonly (readonly number[])[]): Promise<number> {
    const { _ctx: native } = this.#context!;
    const batchIds = batches.map((ids) => Uint32Array.from(ids));
    const started = performance.now();
    for (const ids of batchIds) {
      native.initBatch(ids.length);
      native.addToBatch(SEQUENCE, this.#position, ids, Uint32Array.of(ids.length - 1));
      await native.decodeBatch();
      this.#position += ids.length;
    }
    return performance.now() - started;
  }

  async truncate(tokens: number): Promise<void> {
    if (!this.#context!._ctx.removeTokenCellsFromSequence(SEQUENCE, tokens, this.#position))
      throw new Error(`llama.cpp refused to shorten the sequence from ${this.#position} to ${tokens} tokens`);
    this.#position = tokens;
  }

  async close(): Promise<void> {
    await this.#context?.dispose();
    await this.#model?.dispose();
    await this.#llama?.dispose();
  }
}

export const createPeer = (options: PeerOptions): Peer => new LlamaNative(options);
