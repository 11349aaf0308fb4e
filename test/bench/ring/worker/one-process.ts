import { AssetsSource } from "../../../../functions/assets-source.ts";
import type { Env } from "../../../../functions/env.ts";
import { deployedModel } from "../../../../functions/model.ts";
import { planTopology } from "../../../../functions/pipeline/topology.ts";
import { readPipelineSettings } from "../../../../functions/settings.ts";
import { generate } from "../../../../runtime/generate.ts";
import { LocalModel } from "../../../../runtime/local-model.ts";
import { createSimdEngine } from "../../../../runtime/simd/engine.ts";
import { chooseKernelModule, instantiateKernels } from "../../../../runtime/simd/instantiate.ts";
import relaxed from "../../../../runtime/simd/kernels/build/relaxed.wasm";
import simd128 from "../../../../runtime/simd/kernels/build/simd128.wasm";
import { OneProcessSequence } from "../../whole-model/one-process-sequence.ts";
import type { Workload } from "../workload.ts";
import { CallRecorder } from "./call-recorder.ts";
import { requestOf } from "./request.ts";

/** The deployed model cut as the ring has it, but with all parts in the Worker itself. */
export class OneProcess {
  readonly #model: LocalModel;
  readonly #env: Env;
  readonly #recorder: CallRecorder;
  /** Calls of the longest workload recorded, and how many there were after each token. */
  #recorded: { readonly calls: readonly (() => void)[]; readonly ends: readonly number[] } | undefined;

  private constructor(env: Env, model: LocalModel, recorder: CallRecorder) {
    this.#env = env;
    this.#model = model;
    this.#recorder = recorder;
  }

  static async open(env: Env): Promise<OneProcess> {
    const { manifest, manifestHash } = await deployedModel(env);
    const recorder = new CallRecorder();
    const module = chooseKernelModule({ relaxed, simd128 });
    const engine = createSimdEngine({
      activations: 8,
      kernels: (memory) => recorder.wrap(instantiateKernels(module, memory)),
    });
    const { stages, shards, kvTokens, chunkRows } = planTopology(
      manifest,
      manifestHash,
      engine,
      readPipelineSettings(env),
    );
    const model = await LocalModel.open({
      manifest,
      source: new AssetsSource(env.ASSETS),
      engine,
      stages: stages.map(({ layerCount }) => layerCount),
      vocabularyShards: shards.map(({ shardCount }) => shardCount),
      kvTokens,
      chunkRows,
    });
    return new OneProcess(env, model, recorder);
  }

  /** Only the kernel calls of a workload: recorded at first, made again afterwards. */
  async replay(workload: Workload): Promise<void> {
    if (this.#recorded === undefined || this.#recorded.ends.length <= workload.tokens) await this.#record(workload);
    const { calls, ends } = this.#recorded!;
    const end = ends[workload.tokens]!;
    for (let index = 0; index < end; index++) calls[index]!();
  }

  /** All logits of the prompt's last token and of each further one; nothing is chosen from them. */
  async evaluate(workload: Workload): Promise<void> {
    await this.#feed(workload, async (sequence, ids) => {
      await sequence.evaluate([ids]);
    });
  }

  /** Generates as the conductor does: sampling and text. Returns the ids. */
  async generate(workload: Workload): Promise<number[]> {
    const { tokenizer, manifest } = await deployedModel(this.#env);
    const request = { ...requestOf(workload), stopIds: manifest.specialTokens.stop };
    const ids: number[] = [];
    for await (const event of generate(this.#model.openSession(), tokenizer, request))
      if (event.type === "token") ids.push(...event.ids);
    return ids;
  }

  async #record(workload: Workload): Promise<void> {
    const calls: (() => void)[] = [];
    const ends: number[] = [];
    await this.#feed(workload, async (sequence, ids) => {
      const made = await this.#recorder.record(async () => {
        await sequence.evaluate([ids]);
      });
      for (const call of made) calls.push(call);
      ends.push(calls.length);
    });
    // A generation draws its last token without feeding it: after the prompt come tokens − 1 steps.
    this.#recorded = { calls, ends: [0, ...ends] };
  }

  async #feed(
    { promptIds, tokens }: Workload,
    feed: (sequence: OneProcessSequence, ids: readonly number[]) => Promise<void>,
  ): Promise<void> {
    const sequence = new OneProcessSequence(this.#model);
    try {
      await feed(sequence, promptIds);
      for (let token = 1; token < tokens; token++) await feed(sequence, [promptIds[token % promptIds.length]!]);
    } finally {
      await sequence.close();
    }
  }
}
