import { InferenceError } from "../errors.ts";
import { CounterNoise } from "../random.ts";
import { type Candidates, mergeCandidates } from "./candidates.ts";
import { gumbel } from "./gumbel.ts";
import { totalMass } from "./mass.ts";
import { minPCount } from "./min-p.ts";
import type { LogitEdits, RawRequest, SamplingParameters, Selection, ShardSelection } from "./selection.ts";
import { topKCount } from "./top-k.ts";
import { massOfBest, topPCount } from "./top-p.ts";

/** Temperatures below this are greedy: their inverse times a logit would leave float64. */
const LEAST_TEMPERATURE = 1e-30;

/** Candidates first asked of every shard when top-k does not say how many are needed, and the growth after that. */
const FIRST_COUNT = 64;
const COUNT_GROWTH = 8;

/** What a draw asks beside the draw itself. */
export interface DrawOptions {
  readonly edits?: LogitEdits;
  readonly raw?: RawRequest;
}

/**
 * The draw of one token: ask every shard `selection`, `offer` the answers, and as long as that gives null ask the new
 * `selection`. Edits, temperature, then top-k, then top-p over what is left, then min-p; among the survivors the largest
 * logit / temperature + Gumbel noise. The noise depends on (seed, position, id) alone and every sum runs in one order,
 * so the token is the same whatever the number of shards.
 */
export class Draw {
  readonly #parameters: SamplingParameters;
  readonly #options: DrawOptions;
  readonly #noise: CounterNoise;
  readonly #inverseTemperature: number;
  #selection: Selection;
  #total: number | undefined;

  /** `position` is that of the token to be drawn. */
  constructor(parameters: SamplingParameters, position: number, options: DrawOptions = {}) {
    const { temperature, topK, topP, minP, seed } = parameters;
    this.#parameters = parameters;
    this.#options = options;
    this.#noise = new CounterNoise(seed, position);
    const greedy = temperature < LEAST_TEMPERATURE;
    const inverseTemperature = greedy ? 1 : 1 / temperature;
    this.#inverseTemperature = inverseTemperature;
    if (!greedy && topK === 0 && topP >= 1 && minP <= 0)
      this.#selection = { kind: "gumbel", inverseTemperature, seed, position, ...options };
    else {
      const count = greedy ? 1 : topK > 0 ? topK : FIRST_COUNT;
      const mass = !greedy && topK === 0 && topP < 1;
      this.#selection = { kind: "best", count, inverseTemperature, mass, ...options };
    }
  }

  /** What to ask every shard. */
  get selection(): Selection {
    return this.#selection;
  }

  /**
   * Takes the answers of all shards, in row order, to `selection`: the token's id, or null when `selection` now asks
   * for more. InferenceError unsupported when nothing can be drawn.
   */
  offer(answers: readonly ShardSelection[]): number | null {
    if (!answers.some(({ ids }) => ids.length > 0))
      throw new InferenceError("unsupported", "every token is banned or masked: there is none to draw");
    if (this.#selection.kind === "gumbel")
      return answers
        .filter(({ ids }) => ids.length > 0)
        .map((answer) => this.#noisiest(answer))
        .reduce(better).id;
    const { count, inverseTemperature, mass } = this.#selection;
    const candidates = mergeCandidates(answers);
    if (mass)
      this.#total = totalMass(
        answers.map(({ tiles }) => tiles),
        candidates.logits[0]!,
        inverseTemperature,
      );
    if (count === 1) return candidates.ids[0]!;
    const survivors = this.#survivors(candidates);
    if (survivors === Number.POSITIVE_INFINITY) {
      this.#selection = {
        kind: "best",
        count: count * COUNT_GROWTH,
        inverseTemperature,
        mass: false,
        ...this.#options,
      };
      return null;
    }
    return this.#noisiest({ ids: candidates.ids.subarray(0, survivors), logits: candidates.logits }).id;
  }

  /** How many of the best may be drawn; Infinity when more candidates must be seen. Each rule cuts a sorted list's end. */
  #survivors(candidates: Candidates): number {
    const { topK, topP, minP } = this.#parameters;
    const counts = [candidates.complete ? candidates.ids.length : Number.POSITIVE_INFINITY];
    if (topK > 0) counts.push(topKCount(candidates, topK));
    if (topP < 1) {
      const total = this.#total ?? massOfBest(candidates, topK, this.#inverseTemperature);
      counts.push(topPCount(candidates, topP, this.#inverseTemperature, total));
    }
    if (minP > 0) counts.push(minPCount(candidates, minP, this.#inverseTemperature));
    return Math.min(...counts);
  }

  #noisiest({ ids, logits }: Pick<ShardSelection, "ids" | "logits">): Scored {
    const scored = Array.from(ids, (id, index) => ({
      id,
      score: logits[index]! * this.#inverseTemperature + gumbel(this.#noise.uniform(id)),
    }));
    return scored.reduce(better);
  }
}

interface Scored {
  readonly id: number;
  readonly score: number;
}

/** The higher score; of equal ones the lower id. */
function better(a: Scored, b: Scored): Scored {
  return b.score > a.score || (b.score === a.score && b.id < a.id) ? b : a;
}
