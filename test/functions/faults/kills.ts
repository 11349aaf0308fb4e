import { listDurableObjectIds, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

/** What may vanish; a pipeline of the demo has 3 stages, 2 shards and 1 conductor. */
const KINDS = ["stage", "stage", "shard", "shard", "link", "link", "conductor"] as const;
export type Kind = (typeof KINDS)[number];

type AnyNamespace = DurableObjectNamespace<Rpc.DurableObjectBranded & DurableObject>;
const namespaceOf = (kind: "stage" | "shard" | "conductor"): AnyNamespace =>
  ({ stage: env.STAGE, shard: env.VOCABULARY, conductor: env.CONDUCTOR })[kind] as unknown as AnyNamespace;

/** A choice that is the same in every run of a test. */
export function choices(seed: number): <Value>(from: readonly Value[]) => Value {
  let state = seed;
  return (from) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)]!;
  };
}

/** Accepted ends of links, of every object of this isolate; a socket can only be closed by the object that accepted it. */
const accepted = new Set<WebSocket>();

/** Keeps every link's accepted end from now on, so that `kill` can break one. */
export function watchLinks(): void {
  const Pair = WebSocketPair;
  const scope = globalThis as { WebSocketPair?: typeof WebSocketPair };
  scope.WebSocketPair = class extends Pair {
    constructor() {
      super();
      const { 1: ours } = this;
      accepted.add(ours);
      ours.addEventListener("close", () => accepted.delete(ours));
    }
  };
}

/** Cuts something off at random, as crashes, deployments and networks do; null when there was nothing of its kind. */
export async function kill(choose: ReturnType<typeof choices>): Promise<Kind | null> {
  const kind = choose(KINDS);
  if (kind === "link") return (await breakLink(choose)) ? kind : null;
  const namespace = namespaceOf(kind);
  const ids = await listDurableObjectIds(namespace);
  if (ids.length === 0) return null;
  const stub = namespace.get(choose(ids));
  await runInDurableObject(stub, (_, state) => state.abort("killed by a test")).catch(() => undefined);
  return kind;
}

async function breakLink(choose: ReturnType<typeof choices>): Promise<boolean> {
  const namespace = namespaceOf(choose(["stage", "shard"] as const));
  const ids = await listDurableObjectIds(namespace);
  if (ids.length === 0) return false;
  return await runInDurableObject(namespace.get(choose(ids)), () => {
    for (const socket of accepted) {
      try {
        socket.close(1011, "broken by a test");
        accepted.delete(socket);
        return true;
      } catch {
        // Another object's.
      }
    }
    return false;
  }).catch(() => false);
}
