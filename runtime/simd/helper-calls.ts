import { InferenceError } from "../errors.ts";
import type { StageHelpers } from "../stage-helper.ts";
import type { ExchangeStep } from "./program.ts";
import type { RowViews } from "./row-views.ts";
import type { StageBatch } from "./stage-batch.ts";

/** A leading stage's exchanges with its helpers, one at a time. */
export class HelperCalls {
  readonly #helpers: StageHelpers;
  readonly #batch: StageBatch;
  #shares: Promise<readonly Float32Array[]> = Promise.resolve([]);

  constructor(helpers: StageHelpers, batch: StageBatch) {
    this.#helpers = helpers;
    this.#batch = batch;
  }

  /** Turns a step into a call over the rows in hand; a join gives a promise. */
  bind(step: ExchangeStep, views: RowViews): () => void | Promise<void> {
    if (step.op === "join") return () => this.#join(views.rows(this.#batch.rows));
    const { block } = step;
    return () => {
      this.#shares = this.#helpers.multiply(block, this.#batch.groups, views.rows(this.#batch.rows));
      // This part's own work comes before anyone waits.
      this.#shares.catch(() => {});
    };
  }

  /** Adds the shares in the order of the parts: ((own + 1st) + 2nd) + …, in float32. */
  async #join(sum: Float32Array): Promise<void> {
    for (const share of await this.#shares) {
      if (share.length !== sum.length)
        throw new InferenceError("internal", `a helper answered ${share.length} values, expected ${sum.length}`);
      // The sum of two float32 is exact enough in float64 to be rounded once.
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + share[i]!;
    }
  }
}
