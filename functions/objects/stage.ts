import { DurableObject } from "cloudflare:workers";
import type { LayerStage } from "../../runtime/engine.ts";
import { AssetsSource } from "../assets-source.ts";
import { createEngine } from "../engine-registry.ts";
import type { Env } from "../env.ts";
import { checkEngine, type JoinAnswer, type PartReport, type StageAssignment } from "../pipeline/assignment.ts";
import { checkCallDepth } from "../pipeline/calls.ts";
import { toFailure } from "../pipeline/failure.ts";
import { checkPartMemory } from "../pipeline/isolate-budget.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { acceptLink } from "../pipeline/link.ts";
import { partStub } from "../pipeline/part-stub.ts";
import { readPinnedManifest } from "../pipeline/pinned-manifest.ts";
import { StageNode } from "../pipeline/stage-node.ts";

interface LoadedStage {
  readonly stage: LayerStage;
  readonly hiddenSize: number;
}

/** A group of layers with the KV cache of its sessions. Holds nothing that the conductor could not feed it again. */
export class Stage extends DurableObject<Env> {
  readonly #node = new StageNode((successor) => partStub(this.env, successor));
  readonly #loaded = new LazyPart<LoadedStage>();

  /** Loads what the assignment names, once, and links to its successors; safe to repeat. */
  async join(assignment: StageAssignment): Promise<JoinAnswer> {
    try {
      checkCallDepth(assignment.depth, "joining");
      const { stage, hiddenSize } = await this.#ensureReady(assignment);
      if (assignment.strict) checkPartMemory(`stage ${assignment.group}`, stage.memoryBytes);
      await this.#node.join(assignment, stage, hiddenSize);
      return { joined: true, report: this.report() };
    } catch (error) {
      return { joined: false, failure: toFailure(error) };
    }
  }

  report(): PartReport {
    const { state, part, failure } = this.#loaded;
    return {
      state,
      memoryBytes: part?.stage.memoryBytes ?? 0,
      sessions: this.#node.sessions,
      links: this.#node.links,
      freeKvTokens: part?.stage.freeKvTokens ?? 0,
      ...(failure !== null && { failure }),
    };
  }

  /** Upgrades to a link of the ring, and nothing else. */
  override fetch(request: Request): Response {
    return acceptLink(request, this.#node, (link) => this.#node.accepted(link));
  }

  #ensureReady(assignment: StageAssignment): Promise<LoadedStage> {
    const { manifestHash, engine: expected, firstLayer, layerCount, finalNorm, kvTokens, maxRows } = assignment;
    const key = JSON.stringify([manifestHash, expected, firstLayer, layerCount, finalNorm, kvTokens, maxRows]);
    return this.#loaded.ensureReady(key, async () => {
      const engine = createEngine(expected.name, expected.activations, expected.kvBits);
      checkEngine(expected, engine);
      const source = new AssetsSource(this.env.ASSETS);
      const manifest = await readPinnedManifest(source, manifestHash);
      const stage = await engine.loadLayers({ manifest, source, firstLayer, layerCount, finalNorm, kvTokens, maxRows });
      return { stage, hiddenSize: manifest.architecture.hiddenSize };
    });
  }
}
