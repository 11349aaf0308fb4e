import { DurableObject } from "cloudflare:workers";
import type { LayerStage } from "../../runtime/engine.ts";
import type { StageHelper } from "../../runtime/stage-helper.ts";
import { AssetsSource } from "../assets-source.ts";
import { createEngine } from "../engine-registry.ts";
import type { Env } from "../env.ts";
import {
  checkEngine,
  type HelperAssignment,
  type JoinAnswer,
  type PartReport,
  type StageAssignment,
} from "../pipeline/assignment.ts";
import { checkCallDepth } from "../pipeline/calls.ts";
import { toFailure } from "../pipeline/failure.ts";
import { HelperNode } from "../pipeline/helper-node.ts";
import { checkPartMemory } from "../pipeline/isolate-budget.ts";
import { isolateName } from "../pipeline/isolate-name.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { acceptLink } from "../pipeline/link.ts";
import { partStub } from "../pipeline/part-stub.ts";
import { readPinnedManifest } from "../pipeline/pinned-manifest.ts";
import { StageNode } from "../pipeline/stage-node.ts";

interface LoadedStage {
  readonly stage: LayerStage;
  readonly hiddenSize: number;
}

/**
 * A group of layers with the KV cache of its sessions, or one part of such a group whose layers are split. Holds nothing
 * that the conductor could not feed it again.
 */
export class Stage extends DurableObject<Env> {
  readonly #node = new StageNode((successor) => partStub(this.env, successor));
  readonly #loaded = new LazyPart<LoadedStage>();
  readonly #helperNode = new HelperNode();
  readonly #helper = new LazyPart<StageHelper>();

  /** Loads what the assignment names, once, and links to its successors; safe to repeat. */
  async join(assignment: StageAssignment): Promise<JoinAnswer> {
    try {
      checkCallDepth(assignment.depth, "joining");
      const { stage, hiddenSize } = await this.#ensureReady(assignment);
      if (assignment.strict) checkPartMemory(`stage ${assignment.group}`, stage.memoryBytes);
      await this.#node.join(assignment, stage, hiddenSize);
      return { joined: true, report: this.report(), isolate: isolateName() };
    } catch (error) {
      return { joined: false, failure: toFailure(error) };
    }
  }

  /** The same for an object that is to help the stage its layers belong to. */
  async help(assignment: HelperAssignment): Promise<JoinAnswer> {
    try {
      const helper = await this.#ensureHelper(assignment);
      if (assignment.strict) checkPartMemory(`part ${assignment.part} of a stage`, helper.memoryBytes);
      this.#helperNode.join(assignment, helper);
      return { joined: true, report: this.report(), isolate: isolateName() };
    } catch (error) {
      return { joined: false, failure: toFailure(error) };
    }
  }

  /** Ends with its memory and its links: its conductor has no use for it any more. The call itself never returns. */
  leave(): void {
    this.ctx.abort("a replica that no session needs any more has ended");
  }

  report(): PartReport {
    const helps = this.#helper.state !== "empty";
    const { state, failure } = helps ? this.#helper : this.#loaded;
    const held = helps ? this.#helper.part : this.#loaded.part?.stage;
    const { sessions, links } = helps ? this.#helperNode : this.#node;
    return {
      state,
      memoryBytes: held?.memoryBytes ?? 0,
      sessions,
      links,
      freeKvTokens: held?.freeKvTokens ?? 0,
      ...(held != null && held.freeKvWindowTokens !== null && { freeKvWindowTokens: held.freeKvWindowTokens }),
      ...(failure !== null && { failure }),
    };
  }

  /** Upgrades to a link of the ring, and nothing else. */
  override fetch(request: Request): Response {
    return acceptLink(request, ({ role }) => (role === "leader" ? this.#helperNode : this.#node));
  }

  #ensureReady(assignment: StageAssignment): Promise<LoadedStage> {
    const { firstLayer, layerCount, finalNorm, kvTokens, kvWindowTokens, maxRows } = assignment;
    const parts = assignment.helpers.length + 1;
    const cut = { firstLayer, layerCount, finalNorm, kvTokens, kvWindowTokens, maxRows };
    const key = JSON.stringify([...identity(assignment), cut, parts]);
    return this.#loaded.ensureReady(key, async () => {
      const { engine, manifest, source } = await this.#open(assignment);
      const split = parts > 1 && { split: { parts, helpers: this.#node.helpers } };
      return {
        stage: await engine.loadLayers({ manifest, source, ...cut, ...split }),
        hiddenSize: manifest.architecture.hiddenSize,
      };
    });
  }

  #ensureHelper(assignment: HelperAssignment): Promise<StageHelper> {
    const { firstLayer, layerCount, part, parts, kvTokens, kvWindowTokens, maxRows } = assignment;
    const cut = { firstLayer, layerCount, part, parts, kvTokens, kvWindowTokens, maxRows };
    const key = JSON.stringify([...identity(assignment), cut]);
    return this.#helper.ensureReady(key, async () => {
      const { engine, manifest, source } = await this.#open(assignment);
      return engine.loadHelper({ manifest, source, ...cut });
    });
  }

  async #open({ engine: expected, manifestHash }: StageAssignment | HelperAssignment) {
    const engine = createEngine(expected.name, expected.activations, expected.kvBits);
    checkEngine(expected, engine);
    const source = new AssetsSource(this.env.ASSETS);
    return { engine, source, manifest: await readPinnedManifest(source, manifestHash) };
  }
}

/** Which model and engine weights were loaded for. */
const identity = ({ manifestHash, engine }: StageAssignment | HelperAssignment) => [manifestHash, engine];
