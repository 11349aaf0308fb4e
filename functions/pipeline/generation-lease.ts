import type { Env } from "../env.ts";
import { limitMessage } from "../tenants/rate-headers.ts";
import type { GenerateCall, GenerationRefusal } from "./generation-call.ts";
import type { GenerationRecord } from "./generation-records.ts";
import { renewLease } from "./settlement.ts";

export const GONE = { code: "gone", message: "This generation is not there, or is not kept any more." } as const;

/** The lease that a run settles, or why there is none. A kept generation's may have ended with an earlier run. */
export async function leaseOf(
  ledgers: Env["LEDGER"],
  call: GenerateCall,
  record: GenerationRecord | null,
): Promise<string | GenerationRefusal> {
  if (!call.kept || record?.done) return record?.leaseId ?? call.reservationId;
  const answer = await renewLease(ledgers, call);
  if (answer.outcome === "leased") return answer.leaseId;
  // What was settled whole and is not stored any more must not begin again.
  if (answer.outcome === "done" && record !== null) return answer.leaseId;
  if (answer.outcome !== "limited") return GONE;
  const { outcome: _, ...refusal } = answer;
  return { code: "limited", message: limitMessage(refusal), retryAfterMs: refusal.retryAfterMs, refusal };
}
