import type { GenerateCall } from "./generation-call.ts";

/** Ids of one stored row: what a lost conductor may have to draw again is at most this many tokens. */
export const RECORD_IDS = 32;
/** The most keys that storage deletes at once. */
const MAX_DELETED_KEYS = 128;
const CHUNK_DIGITS = 6;

/** Writes that hold back no message, and reads that hold back no event. */
const UNCONFIRMED = { allowUnconfirmed: true } as const;
const CONCURRENT = { allowConcurrency: true } as const;

const CALLS = "call/";
const callKey = (id: string) => `${CALLS}${id}`;
const idsPrefix = (id: string) => `ids/${id}/`;
const idsKey = (id: string, chunk: number) => `${idsPrefix(id)}${String(chunk).padStart(CHUNK_DIGITS, "0")}`;

interface StoredCall {
  readonly call: GenerateCall;
  readonly pipelineHash: string;
  readonly startedMs: number;
}

/** A generation as storage knows it. */
export interface GenerationRecord extends StoredCall {
  /** The first tokens that were drawn; the very last may be missing. */
  readonly ids: readonly number[];
}

/**
 * What a conductor must find again after it was lost: each generation's request with its seed, and its ids in rows of
 * RECORD_IDS. A confirmed write would hold every frame of every session back until it is on disk, so none is one: a new
 * generation alone waits for `durable`, and ids that were lost are drawn again, the same.
 */
export class GenerationRecords {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Begins a record, or goes on with one that holds `known` of the ids. */
  begin(call: GenerateCall, pipelineHash: string, known: readonly number[] = []): IdRows {
    const stored: StoredCall = { call, pipelineHash, startedMs: Date.now() };
    void this.#storage.put(callKey(call.id), stored, UNCONFIRMED);
    return new IdRows(this.#storage, call.id, Math.floor(known.length / RECORD_IDS));
  }

  /** Resolves when everything written until now is on disk. */
  async durable(): Promise<void> {
    await this.#storage.sync();
  }

  async read(id: string): Promise<GenerationRecord | null> {
    const [stored, rows] = await Promise.all([
      this.#storage.get<StoredCall>(callKey(id), CONCURRENT),
      this.#storage.list<number[]>({ prefix: idsPrefix(id), ...CONCURRENT }),
    ]);
    if (stored === undefined) return null;
    const ids: number[] = [];
    // A row behind a lost or unfinished one says nothing about the ids between.
    for (let chunk = 0; ids.length === chunk * RECORD_IDS; chunk++) {
      const row = rows.get(idsKey(id, chunk));
      if (row === undefined) break;
      ids.push(...row);
    }
    return { ...stored, ids };
  }

  async forget(id: string): Promise<void> {
    const rows = await this.#storage.list({ prefix: idsPrefix(id), ...CONCURRENT });
    const keys = [...rows.keys(), callKey(id)];
    for (let start = 0; start < keys.length; start += MAX_DELETED_KEYS)
      await this.#storage.delete(keys.slice(start, start + MAX_DELETED_KEYS), UNCONFIRMED);
  }

  /** Forgets what began before `untilMs` and is not `needed`; says whether anything is left. */
  async sweep(untilMs: number, needed: (id: string) => boolean): Promise<boolean> {
    const stored = await this.#storage.list<StoredCall>({ prefix: CALLS, ...CONCURRENT });
    const old = [...stored.values()].filter(({ call, startedMs }) => startedMs < untilMs && !needed(call.id));
    for (const { call } of old) await this.forget(call.id);
    return old.length < stored.size;
  }
}

/** The ids of one generation on their way to storage. */
export class IdRows {
  readonly #storage: DurableObjectStorage;
  readonly #id: string;
  /** Rows that are stored already. */
  readonly #storedRows: number;
  #row = 0;
  #ids: number[] = [];

  constructor(storage: DurableObjectStorage, id: string, storedRows: number) {
    this.#storage = storage;
    this.#id = id;
    this.#storedRows = storedRows;
  }

  add(ids: readonly number[]): void {
    for (const id of ids) {
      this.#ids.push(id);
      if (this.#ids.length < RECORD_IDS) continue;
      this.flush();
      this.#row++;
      this.#ids = [];
    }
  }

  /** Stores the row that is not full yet. */
  flush(): void {
    if (this.#ids.length === 0 || this.#row < this.#storedRows) return;
    void this.#storage.put(idsKey(this.#id, this.#row), this.#ids, UNCONFIRMED);
  }
}
