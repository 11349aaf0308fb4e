import { z } from "zod";
import type { Engine, KvBits } from "../runtime/engine.ts";
import { MAX_LAYER_PARTS } from "../weights/layer-parts.ts";
import { ApiError } from "./errors.ts";
import type { Prices } from "./tenants/price.ts";

const MAX_STAGES = 256;
const MAX_VOCABULARY_SHARDS = 256;
/** Of each stage. */
export const MAX_REPLICAS = 16;
const MAX_CHUNK_ROWS = 1024;
const MAX_KV_TOKENS = 1 << 24;
/** What an engine has slots for, prefixes left out. */
const MAX_SESSIONS = 256;
const MAX_KEEP_WARM_SECONDS = 86_400;
const MAX_HOP_MS = 1000;
const MIN_SECRET_BYTES = 32;

/** A variable of wrangler.toml: always text. */
const whole = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `expected a whole number from ${min} to ${max}`)
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .default(fallback);

const pipelineSchema = z.object({
  /** Which engine runs the shards; `ort` needs the build of `[env.ort]`. */
  LAPIDARY_ENGINE: z.enum(["simd", "ort"]).default("simd"),
  /** Bits of a quantised activation; 32 is not quantised and of the ort engine alone. */
  LAPIDARY_ACTIVATIONS: z.literal(["8", "16", "32"]).default("8"),
  /** Bits of a number in the KV cache; left out, what goes with the engine and its activations: 8 beside 8. */
  LAPIDARY_KV_BITS: z.literal(["8", "16", "32"]).optional(),
  /** Groups of layers. */
  LAPIDARY_STAGES: whole(1, MAX_STAGES, 3),
  /** Objects that each layer is split over: more than 1 where a layer does not fit one. Part of the answers' bits. */
  LAPIDARY_LAYER_PARTS: whole(1, MAX_LAYER_PARTS, 1),
  LAPIDARY_VOCABULARY_SHARDS: whole(1, MAX_VOCABULARY_SHARDS, 2),
  /** Copies of each stage. */
  LAPIDARY_REPLICAS: whole(1, MAX_REPLICAS, 1),
  /** Rows of a prompt that travel in one frame. */
  LAPIDARY_CHUNK_ROWS: whole(1, MAX_CHUNK_ROWS, 128),
  /** Tokens of KV cache of each stage, over all sessions. */
  LAPIDARY_KV_TOKENS: whole(1, MAX_KV_TOKENS, 8192),
  /** The same of layers with a window, which keep no more of a session than that; 0: as many. */
  LAPIDARY_KV_WINDOW_TOKENS: whole(0, MAX_KV_TOKENS, 0),
  /** The most of it that may keep what ended sessions computed, for others that begin the same; 0 keeps nothing. */
  LAPIDARY_PREFIX_TOKENS: whole(0, MAX_KV_TOKENS, MAX_KV_TOKENS),
  /** Sessions that run at the same time; more wait. */
  LAPIDARY_MAX_SESSIONS: whole(1, MAX_SESSIONS, 16),
  /** Links are closed after this long without a session. */
  LAPIDARY_KEEP_WARM_SECONDS: whole(0, MAX_KEEP_WARM_SECONDS, 60),
  /** Milliseconds by which every message of the ring is late: what hops take in production, for trying it locally. */
  LAPIDARY_HOP_MS: whole(0, MAX_HOP_MS, 0),
  /** 1 refuses what production would refuse and a local workerd lets pass. */
  LAPIDARY_STRICT: z.enum(["0", "1"]).default("0"),
});

const secret = z
  .string({ error: "is not set" })
  .refine(
    (text) => new TextEncoder().encode(text).length >= MIN_SECRET_BYTES,
    `is shorter than ${MIN_SECRET_BYTES} bytes`,
  );

/** A secret that travels in a header. */
const token = secret.regex(/^[\x21-\x7e]*$/, "holds a space or a character outside ASCII");

const MICROS = 1_000_000;
/** A price of a million tokens, in the operator's currency; kept in whole millionths of it. */
const price = z
  .string()
  .regex(/^(\d{1,3}(\.\d{1,6})?|1000)$/, "expected a price from 0 to 1000 with at most 6 decimals, as in 0.25")
  .transform((text) => Math.round(Number(text) * MICROS));

const priceSchema = z.object({
  /** Of a million prompt tokens. */
  LAPIDARY_PRICE_PROMPT: price.default(0),
  /** Of a million prompt tokens that a prefix cache already held; left out, as the others. */
  LAPIDARY_PRICE_CACHED_PROMPT: price.optional(),
  /** Of a million completion tokens. */
  LAPIDARY_PRICE_COMPLETION: price.default(0),
});

const commaSeparated = (list: string) => list.split(",").flatMap((entry) => entry.trim() || []);
const isHost = (text: string) =>
  text === "*" || (URL.canParse(`http://${text}`) && new URL(`http://${text}`).hostname === text);
const isOrigin = (text: string) => text === "*" || (URL.canParse(text) && new URL(text).origin === text);

const gatewaySchema = z.object({
  /** HMAC key of every API key's check. */
  LAPIDARY_KEY_SECRET: secret,
  LAPIDARY_ADMIN_KEY: token,
  /** Lets in beside LAPIDARY_ADMIN_KEY while operators change over to that. */
  LAPIDARY_ADMIN_KEY_PREVIOUS: token.optional(),
  /** Lets a collector read /metrics; without it there is nothing there. */
  LAPIDARY_METRICS_TOKEN: token.optional(),
  /** Web pages that may call /v1 from a browser: origins separated by commas, or * for all; none unless set. */
  LAPIDARY_CORS_ORIGINS: z
    .string()
    .transform(commaSeparated)
    .refine((origins) => origins.every(isOrigin), "expected * or origins as in https://chat.example.com")
    .default([]),
  /** Names that the service answers to: hosts without ports, separated by commas; left out or *, every one. */
  LAPIDARY_HOSTS: z
    .string()
    .transform(commaSeparated)
    .refine(
      (hosts) => hosts.length > 0 && hosts.every(isHost),
      "expected * or hosts without ports as in api.example.com",
    )
    .optional(),
  /** 1 shows every tenant the whole pipeline with everyone's load: for a machine of one's own. */
  LAPIDARY_DEVELOPMENT: z.enum(["0", "1"]).default("0"),
  /** 0: no response of POST /v1/responses is kept, and none can be referred to. */
  LAPIDARY_STORE_RESPONSES: z.enum(["0", "1"]).default("1"),
  ...priceSchema.shape,
});

/** How the pipeline is cut and what each part may hold. */
export interface PipelineSettings {
  readonly engine: Engine["name"];
  readonly activations: Engine["activations"];
  /** Undefined: the engine's own choice. */
  readonly kvBits: KvBits | undefined;
  readonly stages: number;
  readonly layerParts: number;
  readonly vocabularyShards: number;
  readonly replicas: number;
  readonly chunkRows: number;
  readonly kvTokens: number;
  readonly kvWindowTokens: number;
  readonly prefixTokens: number;
  readonly maxSessions: number;
  readonly keepWarmSeconds: number;
  readonly hopMs: number;
  readonly strict: boolean;
}

export interface GatewaySettings {
  readonly keySecret: string;
  readonly adminKey: string;
  readonly previousAdminKey: string | undefined;
  readonly metricsToken: string | undefined;
  readonly corsOrigins: readonly string[];
  /** Undefined: every host. */
  readonly hosts: readonly string[] | undefined;
  readonly development: boolean;
  readonly storeResponses: boolean;
}

/** Reads the pipeline's variables; an ApiError (503) when one is not what it may be. */
export const readPipelineSettings = once((env): PipelineSettings => {
  const values = read(pipelineSchema, env);
  return {
    engine: values.LAPIDARY_ENGINE,
    activations: Number(values.LAPIDARY_ACTIVATIONS) as Engine["activations"],
    kvBits: values.LAPIDARY_KV_BITS && (Number(values.LAPIDARY_KV_BITS) as KvBits),
    stages: values.LAPIDARY_STAGES,
    layerParts: values.LAPIDARY_LAYER_PARTS,
    vocabularyShards: values.LAPIDARY_VOCABULARY_SHARDS,
    replicas: values.LAPIDARY_REPLICAS,
    chunkRows: values.LAPIDARY_CHUNK_ROWS,
    kvTokens: values.LAPIDARY_KV_TOKENS,
    kvWindowTokens: values.LAPIDARY_KV_WINDOW_TOKENS || values.LAPIDARY_KV_TOKENS,
    prefixTokens: values.LAPIDARY_PREFIX_TOKENS,
    maxSessions: values.LAPIDARY_MAX_SESSIONS,
    keepWarmSeconds: values.LAPIDARY_KEEP_WARM_SECONDS,
    hopMs: values.LAPIDARY_HOP_MS,
    strict: values.LAPIDARY_STRICT === "1",
  };
});

/** Reads the gateway's secrets; an ApiError (503) when one is missing or too short. */
export const readGatewaySettings = once((env): GatewaySettings => {
  const values = read(gatewaySchema, env);
  return {
    keySecret: values.LAPIDARY_KEY_SECRET,
    adminKey: values.LAPIDARY_ADMIN_KEY,
    previousAdminKey: values.LAPIDARY_ADMIN_KEY_PREVIOUS,
    metricsToken: values.LAPIDARY_METRICS_TOKEN,
    corsOrigins: values.LAPIDARY_CORS_ORIGINS,
    hosts: values.LAPIDARY_HOSTS,
    development: values.LAPIDARY_DEVELOPMENT === "1",
    storeResponses: values.LAPIDARY_STORE_RESPONSES === "1",
  };
});

/** Reads the prices; an ApiError (503) when one is none. The gateway has refused such a configuration before. */
export function readPrices(env: object): Prices {
  const values = read(priceSchema, env);
  return {
    promptMicros: values.LAPIDARY_PRICE_PROMPT,
    cachedPromptMicros: values.LAPIDARY_PRICE_CACHED_PROMPT ?? values.LAPIDARY_PRICE_PROMPT,
    completionMicros: values.LAPIDARY_PRICE_COMPLETION,
  };
}

/** A request reads its settings in several places, and an environment does not change. */
function once<Settings>(readSettings: (env: object) => Settings): (env: object) => Settings {
  const known = new WeakMap<object, Settings>();
  return (env) => {
    const settings = known.get(env) ?? readSettings(env);
    known.set(env, settings);
    return settings;
  };
}

function read<Schema extends z.ZodType>(schema: Schema, env: object): z.output<Schema> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  // Names only, never values: the answer tells a caller nothing about secrets, and the log line tells the operator all.
  throw new ApiError(503, "server_misconfigured", "The server is not configured; its log says what to set.", {
    cause: new Error(
      `${problems.join("; ")}. Set variables in wrangler.toml; secrets in .dev.vars (npm start writes it) or with "wrangler secret put NAME".`,
    ),
  });
}
