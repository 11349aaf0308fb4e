import type { ReplicaStatus } from "../../pipeline/pipeline-status.ts";

/** What operators are told of a stage's replica. */
export function replicaReply(status: ReplicaStatus) {
  const { replica, state, draining, suspect, seats, reservedTokens, cachedTokens } = status;
  return { replica, state, draining, suspect, sessions: seats, reservedTokens, cachedTokens };
}
