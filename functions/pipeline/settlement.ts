import type { Env } from "../env.ts";
import { backOff } from "./back-off.ts";
import type { GenerateCall } from "./generation-call.ts";
import { withTimeLimit } from "./time-limit.ts";

const SETTLE_LIMIT_MS = 5_000;
const MAX_TRIES = 4;

/** What a generation took. */
export interface TokenUsage {
  readonly promptTokens: number;
  /** Of these, those that a prefix cache held; left out, none. */
  readonly cachedTokens?: number;
  readonly completionTokens: number;
}

export const NOTHING_USED: TokenUsage = { promptTokens: 0, completionTokens: 0 };

/**
 * Ends a generation's reservation at its tenant's ledger. Only the first settlement counts there, so one whose answer
 * was lost is sent again; never rejects, since a reservation is a lease that runs out.
 */
export async function settle(
  ledgers: Env["LEDGER"],
  { tenant, reservationId }: Pick<GenerateCall, "tenant" | "reservationId">,
  { promptTokens, cachedTokens = 0, completionTokens }: TokenUsage,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const settling = Promise.resolve(
        ledgers.getByName(tenant).settle(reservationId, { promptTokens, cachedTokens, completionTokens }),
      );
      return await withTimeLimit(settling, SETTLE_LIMIT_MS, "the ledger");
    } catch (error) {
      if (attempt + 1 === MAX_TRIES) return console.error(`settling ${reservationId} failed`, error);
    }
    await backOff(attempt);
  }
}
