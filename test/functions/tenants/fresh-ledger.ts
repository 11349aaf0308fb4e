import { env } from "cloudflare:workers";
import type { LimitChanges } from "../../../functions/tenants/limits.ts";
import type { ReserveCall } from "../../../functions/tenants/reservation.ts";

/** As vitest.config.ts sets them. */
export const PRICES = { promptMicros: 1_000_000, cachedPromptMicros: 250_000, completionMicros: 2_500_000 };
export const ALL_LEFT = { tokens: Number.POSITIVE_INFINITY, micros: Number.POSITIVE_INFINITY };

let reservations = 0;
export const SECRET_SHA256 = "5".repeat(64);

/** A ledger of its own with one key. */
export async function freshLedger(limits: LimitChanges) {
  const ledger = env.LEDGER.getByName(crypto.randomUUID());
  await ledger.create({ limits });
  await ledger.addKey({ secretSha256: SECRET_SHA256, label: "first", expiresMs: null });
  return ledger;
}

/** A generation's reservation under an id of its own; a prompt of 10 tokens in a wide context unless said otherwise. */
export function reserveCall(generation: Partial<NonNullable<ReserveCall["generation"]>> = {}): ReserveCall {
  reservations++;
  return {
    secretSha256: SECRET_SHA256,
    reservationId: `reservation-${reservations}`,
    generation: { model: "a-model", promptTokens: 10, maxTokens: 10, roomTokens: 100_000, ...generation },
  };
}
