import type { TokenLogProbability } from "../../runtime/sampling/log-probability.ts";
import type { TokensUsed } from "../tenants/price.ts";
import type { GenerateCall } from "./generation-call.ts";

/** Ids of one stored row: what a lost conductor may have to draw again is at most this many tokens. */
export const RECORD_IDS = 32;
/** The most keys that storage deletes at once. */
const MAX_DELETED_KEYS = 128;
const CHUNK_DIGITS = 6;
/** Calls that a sweep holds in memory at once: each may be nearly as large as a stored value can be, 2 MB. */
const SWEPT_CALLS = 8;

/** Writes that hold back no message, and reads that hold back no event. */
const UNCONFIRMED = { allowUnconfirmed: true } as const;
const CONCURRENT = { allowConcurrency: true } as const;

const CALLS = "call/";
const callKey = (id: string) => `${CALLS}${id}`;
const tokensPrefix = (id: string) => `tokens/${id}/`;
const tokensKey = (id: string, chunk: number) => `${tokensPrefix(id)}${String(chunk).padStart(CHUNK_DIGITS, "0")}`;

/** What a run of a generation begins with. */
export interface BegunCall {
  /** What is settled when it ends. */
  readonly leaseId: string;
  readonly pipelineHash: string;
  /** Of its first run: an answer that is told again says the same. */
  readonly cachedTokens: number;
}

/** A generation without its tokens. */
export interface StoredCall extends BegunCall {
  readonly call: GenerateCall;
  /** When it last began or ended. */
  readonly touchedMs: number;
  /** All of its tokens are stored. */
  readonly done: boolean;
}

/** Tokens of an answer, from its first on. */
export interface DrawnTokens {
  readonly ids: readonly number[];
  /** Of each, where asked for. */
  readonly logprobs?: readonly TokenLogProbability[];
}

/** A generation as storage knows it. */
export interface GenerationRecord extends StoredCall {
  /** The first tokens that were drawn; the very last may be missing. */
  readonly tokens: DrawnTokens;
}

/**
 * What a conductor must find again after it was lost: each generation's request with its seed, and its tokens in rows of
 * RECORD_IDS. A confirmed write would hold every frame of every session back until it is on disk, so none is one: a new
 * generation alone waits for `durable`, and tokens that were lost are drawn again, the same.
 */
export class GenerationRecords {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Begins a record, or goes on with one that holds `storedTokens` tokens. */
  begin(call: GenerateCall, begun: BegunCall, storedTokens = 0): TokenRows {
    const stored = { call, ...begun, touchedMs: Date.now(), done: false };
    return new TokenRows(this.#storage, stored, Math.floor(storedTokens / RECORD_IDS));
  }

  /** Resolves when everything written until now is on disk. */
  async durable(): Promise<void> {
    await this.#storage.sync();
  }

  async read(id: string): Promise<GenerationRecord | null> {
    const [stored, rows] = await Promise.all([
      this.#storage.get<StoredCall>(callKey(id), CONCURRENT),
      this.#storage.list<DrawnTokens>({ prefix: tokensPrefix(id), ...CONCURRENT }),
    ]);
    if (stored === undefined) return null;
    const ids: number[] = [];
    const logprobs: TokenLogProbability[] = [];
    // A row behind a lost or unfinished one says nothing about the tokens between.
    for (let chunk = 0; ids.length === chunk * RECORD_IDS; chunk++) {
      const row = rows.get(tokensKey(id, chunk));
      if (row === undefined) break;
      ids.push(...row.ids);
      logprobs.push(...(row.logprobs ?? []));
    }
    const scored = stored.call.logprobs !== undefined;
    return { ...stored, tokens: { ids, ...(scored && { logprobs }) } };
  }

  /** Generations whose ids begin with `prefix`. */
  async calls(prefix: string): Promise<StoredCall[]> {
    const stored = await this.#storage.list<StoredCall>({ prefix: callKey(prefix), ...CONCURRENT });
    return [...stored.values()];
  }

  async forget(id: string): Promise<void> {
    const rows = await this.#storage.list({ prefix: tokensPrefix(id), ...CONCURRENT });
    const keys = [...rows.keys(), callKey(id)];
    for (let start = 0; start < keys.length; start += MAX_DELETED_KEYS)
      await this.#storage.delete(keys.slice(start, start + MAX_DELETED_KEYS), UNCONFIRMED);
  }

  /** Forgets what was last touched before `untilMs` and is not `needed`; says whether anything is left. */
  async sweep(untilMs: number, needed: (id: string) => boolean): Promise<boolean> {
    let left = false;
    let page: Map<string, StoredCall>;
    let last: string | undefined;
    do {
      const after = last === undefined ? {} : { startAfter: last };
      page = await this.#storage.list<StoredCall>({ prefix: CALLS, limit: SWEPT_CALLS, ...after, ...CONCURRENT });
      for (const [key, { call, touchedMs }] of page) {
        last = key;
        if (touchedMs < untilMs && !needed(call.id)) await this.forget(call.id);
        else left = true;
      }
    } while (page.size === SWEPT_CALLS);
    return left;
  }
}

/** The tokens of one generation on their way to storage. */
export class TokenRows {
  readonly #storage: DurableObjectStorage;
  readonly #stored: StoredCall;
  /** Rows that are stored already. */
  readonly #storedRows: number;
  #row = 0;
  #ids: number[] = [];
  #logprobs: TokenLogProbability[] = [];

  constructor(storage: DurableObjectStorage, stored: StoredCall, storedRows: number) {
    this.#storage = storage;
    this.#stored = stored;
    this.#storedRows = storedRows;
    void storage.put(callKey(stored.call.id), stored, UNCONFIRMED);
  }

  add(ids: readonly number[], logprobs: readonly TokenLogProbability[] = []): void {
    for (const [index, id] of ids.entries()) {
      this.#ids.push(id);
      const logprob = logprobs[index];
      if (logprob !== undefined) this.#logprobs.push(logprob);
      if (this.#ids.length < RECORD_IDS) continue;
      this.#flush();
      this.#row++;
      this.#ids = [];
      this.#logprobs = [];
    }
  }

  /** Stores what is missing, whether or not that is all of the answer. */
  end(done: boolean): void {
    this.#flush();
    void this.#storage.put(
      callKey(this.#stored.call.id),
      { ...this.#stored, touchedMs: Date.now(), done } satisfies StoredCall,
      UNCONFIRMED,
    );
  }

  #flush(): void {
    if (this.#ids.length === 0 || this.#row < this.#storedRows) return;
    const row: DrawnTokens = { ids: this.#ids, ...(this.#logprobs.length > 0 && { logprobs: this.#logprobs }) };
    void this.#storage.put(tokensKey(this.#stored.call.id, this.#row), row, UNCONFIRMED);
  }
}

/**
 * The tokens that a generation goes on from: what is stored, or the ids of a reader that has more; tokens without the
 * log-probabilities that were asked for are better drawn again. null when another pipeline, which draws others, would have
 * to draw tokens that the reader has.
 */
export function knownTokens(
  { call, pipelineHash, tokens }: GenerationRecord,
  currentHash: string,
  reader: { readonly tokens: number; readonly ids: readonly number[] },
): DrawnTokens | null {
  const same = pipelineHash === currentHash;
  const more = reader.ids.length > tokens.ids.length && (call.logprobs === undefined || !same);
  const known = more ? { ids: reader.ids } : tokens;
  return same || known.ids.length >= reader.tokens ? known : null;
}

/** All that an interrupted generation took, as far as storage knows. */
export const usageOf = ({ call, tokens }: GenerationRecord): TokensUsed => ({
  promptTokens: call.promptIds.length,
  completionTokens: tokens.ids.length,
});
