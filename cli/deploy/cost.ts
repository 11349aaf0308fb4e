import type { Plan } from "../../weights/plan.ts";

/** An object is billed as 128 MB whatever it holds: $12.50 a million GB-seconds. */
const OBJECT_SECOND_DOLLARS = (12.5 / 1e6) * 0.128;
const MESSAGE_DOLLARS = 0.15 / 1e6;
/** Incoming WebSocket messages that are billed as one request. */
const MESSAGES_A_REQUEST = 20;
const MONTH_SECONDS = 30.44 * 86_400;
/** What one thread reads of 4-bit weights in a second, measured (docs/bench.md). */
const WEIGHT_BYTES_PER_SECOND = 16e9;
/** Between two objects of one location. */
const HOP_SECONDS = 0.003;
const MILLION = 1e6;

export interface Cost {
  /** Of one stream alone. */
  readonly tokenMs: number;
  readonly objects: number;
  /** With one stream at a time; sessions that share frames divide it. */
  readonly dollarsPerMillionTokens: number;
  /** With links that are never closed. */
  readonly warmDollarsPerMonth: number;
}

/** What running a plan costs at Cloudflare's list prices, estimated: nothing of it is measured on their machines. */
export function estimateCost({ stages, vocabularyShards, layerParts, isolates, hopsPerToken }: Plan): Cost {
  // The conductor's object takes part in every token; shards work at the same time, and so do the parts of a layer.
  const objects = isolates + 1;
  const stageBytes = stages.reduce((sum, { bytes }) => sum + bytes.weights, 0);
  const shardBytes = Math.max(...vocabularyShards.map(({ bytes }) => bytes.weights));
  const tokenSeconds = (stageBytes + shardBytes) / WEIGHT_BYTES_PER_SECOND + hopsPerToken * HOP_SECONDS;
  // To each stage, to each shard and back; to each part and back twice a layer.
  const layers = stages.reduce((sum, { layerCount }) => sum + layerCount, 0);
  const messages = stages.length + 2 * vocabularyShards.length + 2 + 4 * layers * (layerParts - 1);
  const dollarsPerToken =
    objects * OBJECT_SECOND_DOLLARS * tokenSeconds + (messages / MESSAGES_A_REQUEST) * MESSAGE_DOLLARS;
  return {
    tokenMs: tokenSeconds * 1000,
    objects,
    dollarsPerMillionTokens: dollarsPerToken * MILLION,
    warmDollarsPerMonth: objects * OBJECT_SECOND_DOLLARS * MONTH_SECONDS,
  };
}
