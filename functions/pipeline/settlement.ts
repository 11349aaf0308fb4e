import type { Env } from "../env.ts";
import { logLine } from "../log-line.ts";
import type { TokensUsed } from "../tenants/price.ts";
import type { RenewAnswer } from "../tenants/reservation.ts";
import { backOff } from "./back-off.ts";
import type { GenerateCall } from "./generation-call.ts";
import { withTimeLimit } from "./time-limit.ts";

const LEDGER_LIMIT_MS = 5_000;
const MAX_TRIES = 4;
/** Less than the shortest lease. */
const HOLD_EVERY_MS = 30_000;

export const NOTHING_USED: TokensUsed = { promptTokens: 0, completionTokens: 0 };

/**
 * Ends a generation's lease at its tenant's ledger, at all that it took; `done` is false when it may go on. Only the first
 * settlement of a lease counts there, so one whose answer was lost is sent again; never rejects, since a lease runs out.
 */
export async function settle(
  ledgers: Env["LEDGER"],
  tenant: string,
  leaseId: string,
  { promptTokens, cachedTokens = 0, completionTokens }: TokensUsed,
  done = true,
): Promise<void> {
  const used = { promptTokens, cachedTokens, completionTokens };
  const settling = () => ledgers.getByName(tenant).settle(leaseId, used, done);
  await asked(settling).catch((error: unknown) =>
    logLine("error", "settlement_failed", { tenant, lease: leaseId }, error),
  );
}

/**
 * Holds a generation's lease until `over`: one that takes longer than was thought keeps its place, and is charged in the
 * end. Never rejects.
 */
export async function holdLease(
  ledgers: Env["LEDGER"],
  tenant: string,
  leaseId: string,
  over: Promise<void>,
): Promise<void> {
  const timer = setInterval(() => {
    const holding = Promise.resolve(ledgers.getByName(tenant).hold(leaseId));
    holding.catch((error: unknown) => logLine("warn", "lease_not_held", { tenant, lease: leaseId }, error));
  }, HOLD_EVERY_MS);
  await over;
  clearInterval(timer);
}

/** A lease for what a kept generation may still take; rejects when the ledger cannot be reached. */
export async function renewLease(
  ledgers: Env["LEDGER"],
  { tenant, reservationId }: Pick<GenerateCall, "tenant" | "reservationId">,
): Promise<RenewAnswer> {
  return await asked<RenewAnswer>(() => ledgers.getByName(tenant).renew(reservationId));
}

/** Tells its ledger that nobody may go on with a kept generation; never rejects. */
export async function cancelKept(
  ledgers: Env["LEDGER"],
  { tenant, reservationId }: Pick<GenerateCall, "tenant" | "reservationId">,
): Promise<void> {
  const cancelling = () => ledgers.getByName(tenant).cancelKept(reservationId);
  await asked(cancelling).catch((error: unknown) =>
    logLine("error", "cancelling_failed", { tenant, reservation: reservationId }, error),
  );
}

async function asked<Answer>(ask: () => PromiseLike<Answer>): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await withTimeLimit(Promise.resolve(ask()), LEDGER_LIMIT_MS, "the ledger");
    } catch (error) {
      if (attempt + 1 === MAX_TRIES) throw error;
    }
    await backOff(attempt);
  }
}
