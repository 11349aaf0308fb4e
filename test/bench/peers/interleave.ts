import type { Peer } from "./peer.ts";

/** One kind of measurement; `tokens` of a decode are averaged over. */
export type Measurement =
  | { readonly kind: "prefill"; readonly tokens: number }
  | { readonly kind: "decode"; readonly tokens: number; readonly context: number };

/** Milliseconds (of a prompt, or of a token decoded) in the order measured. */
export interface Samples {
  readonly measurement: Measurement;
  readonly ms: readonly number[];
}

/**
 * Measures the peers in turn: A, B, A, B, …, so that what the machine does meanwhile falls on all of them. A
 * measurement may be left to some of the peers. Returns the samples by the peer's name.
 */
export async function interleave(
  peers: ReadonlyMap<string, Peer>,
  plan: readonly { readonly measurement: Measurement; readonly peers: readonly string[] }[],
  repetitions: number,
  onSample: (peer: string, measurement: Measurement, ms: number) => void,
): Promise<Map<string, Samples[]>> {
  const results = new Map([...peers.keys()].map((name) => [name, [] as Samples[]]));
  for (const { measurement, peers: names } of plan) {
    const measured = new Map(names.filter((name) => peers.has(name)).map((name) => [name, [] as number[]]));
    for (let repetition = 0; repetition < repetitions; repetition++)
      for (const [name, ms] of measured) {
        ms.push(await measure(peers.get(name)!, measurement));
        onSample(name, measurement, ms.at(-1)!);
      }
    for (const [name, ms] of measured) results.get(name)!.push({ measurement, ms });
  }
  return results;
}

function measure(peer: Peer, measurement: Measurement): Promise<number> {
  return measurement.kind === "prefill"
    ? peer.prefill(measurement.tokens)
    : peer.decode(measurement.tokens, measurement.context);
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
