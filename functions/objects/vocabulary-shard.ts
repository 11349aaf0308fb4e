import { DurableObject } from "cloudflare:workers";
import type { VocabularyShard } from "../../runtime/engine.ts";
import { AssetsSource } from "../assets-source.ts";
import { createEngine } from "../engine-registry.ts";
import type { Env } from "../env.ts";
import { checkEngine, type JoinAnswer, type PartReport, type ShardAssignment } from "../pipeline/assignment.ts";
import { checkCallDepth } from "../pipeline/calls.ts";
import { toFailure } from "../pipeline/failure.ts";
import { checkPartMemory } from "../pipeline/isolate-budget.ts";
import { isolateName } from "../pipeline/isolate-name.ts";
import { LazyPart } from "../pipeline/lazy-part.ts";
import { acceptLink } from "../pipeline/link.ts";
import { readPinnedManifest } from "../pipeline/pinned-manifest.ts";
import { VocabularyNode } from "../pipeline/vocabulary-node.ts";

/** Logits held at once; a batch of more wanted rows goes through in turns. */
const MAX_LOGIT_ROWS = 8;

/** A range of rows of the tied table: embedding rows in, the best candidates out; logits never leave it. */
export class Vocabulary extends DurableObject<Env> {
  readonly #node = new VocabularyNode();
  readonly #loaded = new LazyPart<VocabularyShard>();

  /** Loads what the assignment names, once; safe to repeat. */
  async join(assignment: ShardAssignment): Promise<JoinAnswer> {
    try {
      checkCallDepth(assignment.depth, "joining");
      const shard = await this.#ensureReady(assignment);
      if (assignment.strict) checkPartMemory(`vocabulary shard ${assignment.index}`, shard.memoryBytes);
      await this.#node.join(assignment, shard);
      return { joined: true, report: this.report(), isolate: isolateName() };
    } catch (error) {
      return { joined: false, failure: toFailure(error) };
    }
  }

  report(): PartReport {
    const { state, part, failure } = this.#loaded;
    return {
      state,
      memoryBytes: part?.memoryBytes ?? 0,
      sessions: this.#node.sessions,
      links: this.#node.links,
      ...(failure !== null && { failure }),
    };
  }

  /** Upgrades to a link of the ring, and nothing else. */
  override fetch(request: Request): Response {
    return acceptLink(request, () => this.#node);
  }

  #ensureReady({
    manifestHash,
    engine: expected,
    firstShard,
    shardCount,
    maxRows,
  }: ShardAssignment): Promise<VocabularyShard> {
    const key = JSON.stringify([manifestHash, expected, firstShard, shardCount, maxRows]);
    return this.#loaded.ensureReady(key, async () => {
      const engine = createEngine(expected.name, expected.activations, expected.kvBits);
      checkEngine(expected, engine);
      const source = new AssetsSource(this.env.ASSETS);
      const manifest = await readPinnedManifest(source, manifestHash);
      const maxLogitRows = Math.min(MAX_LOGIT_ROWS, maxRows);
      return await engine.loadVocabulary({ manifest, source, firstShard, shardCount, maxRows, maxLogitRows });
    });
  }
}
