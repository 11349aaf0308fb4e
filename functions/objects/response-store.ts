import { DurableObject } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { Item } from "../request/response-items.ts";
import { migrate } from "../tenants/migrate.ts";

const RETENTION_MS = 86_400_000;
const MAX_RESPONSES = 10_000;
/** Turns of one conversation. */
const MAX_TURNS = 1000;
/** Of a conversation's items as JSON: several times the longest context. A short request may name a large item often. */
const MAX_RECALLED_CHARACTERS = 4 * 1024 * 1024;

const TABLES = `
  CREATE TABLE responses (
    id TEXT PRIMARY KEY, created_ms INTEGER NOT NULL, previous_id TEXT, input TEXT NOT NULL, output TEXT NOT NULL,
    json TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX responses_by_age ON responses (created_ms);
  CREATE TABLE items (id TEXT PRIMARY KEY, response_id TEXT NOT NULL, item TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX items_by_response ON items (response_id);
`;

/** A turn: what was asked, with the ids that were given to its items, and what was answered. */
export interface StoredResponse {
  readonly id: string;
  readonly previousId: string | null;
  readonly input: readonly StoredItem[];
  readonly output: readonly StoredItem[];
  /** The response object, as text. */
  readonly json: string;
}
export type StoredItem = Item & { readonly id: string };

/** A conversation so far; or the first id in it that is not known; or the most characters of it that would be recalled. */
export type Recalled =
  | { readonly items: readonly Item[] }
  | { readonly missing: string }
  | { readonly tooLong: number };

/** One tenant's responses, kept for a day so that later requests can go on from them. */
export class ResponseStore extends DurableObject<Env> {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    migrate(state.storage, [TABLES]);
  }

  /** Keeps a turn, once; the oldest goes when there are too many. */
  async put({ id, previousId, input, output, json }: StoredResponse): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec(
        "INSERT OR REPLACE INTO responses VALUES (?, ?, ?, ?, ?, ?)",
        id,
        Date.now(),
        previousId,
        JSON.stringify(input),
        JSON.stringify(output),
        json,
      );
      for (const item of [...input, ...output])
        this.#sql.exec("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", item.id, id, JSON.stringify(item));
      this.#forget("SELECT id FROM responses ORDER BY created_ms DESC LIMIT -1 OFFSET ?", MAX_RESPONSES);
    });
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + RETENTION_MS);
  }

  /** null when it is not there, or not any more. */
  get(id: string): StoredResponse | null {
    const row = this.#row(id);
    return row ? { ...row, id, input: JSON.parse(row.input), output: JSON.parse(row.output) } : null;
  }

  /** Whether it was there. */
  delete(id: string): boolean {
    const found = this.get(id) !== null;
    this.ctx.storage.transactionSync(() => this.#forget("SELECT id FROM responses WHERE id = ?", id));
    return found;
  }

  /** All items of the turns up to and with `previousId`, oldest first, and the items named after them. */
  recall(previousId: string | null, itemIds: readonly string[]): Recalled {
    const tooLong = { tooLong: MAX_RECALLED_CHARACTERS };
    let characters = 0;
    const turns: Item[][] = [];
    for (let id = previousId; id !== null; ) {
      const turn = turns.length < MAX_TURNS ? this.#row(id) : undefined;
      if (turn === undefined) return { missing: id };
      characters += turn.input.length + turn.output.length;
      if (characters > MAX_RECALLED_CHARACTERS) return tooLong;
      turns.unshift([...JSON.parse(turn.input), ...JSON.parse(turn.output)]);
      id = turn.previousId;
    }
    const named: Item[] = [];
    for (const id of itemIds) {
      const [row] = this.#sql
        .exec<{ item: string }>(
          `SELECT item FROM items JOIN responses ON responses.id = response_id
           WHERE items.id = ? AND created_ms > ?`,
          id,
          Date.now() - RETENTION_MS,
        )
        .toArray();
      if (!row) return { missing: id };
      characters += row.item.length;
      if (characters > MAX_RECALLED_CHARACTERS) return tooLong;
      named.push(JSON.parse(row.item));
    }
    return { items: [...turns.flat(), ...named] };
  }

  /** Forgets everything. */
  clear(): void {
    this.#sql.exec("DELETE FROM items");
    this.#sql.exec("DELETE FROM responses");
  }

  override async alarm(): Promise<void> {
    this.ctx.storage.transactionSync(() =>
      this.#forget("SELECT id FROM responses WHERE created_ms <= ?", Date.now() - RETENTION_MS),
    );
    const [oldest] = this.#sql.exec<{ ms: number | null }>("SELECT min(created_ms) AS ms FROM responses").toArray();
    if (oldest?.ms != null) await this.ctx.storage.setAlarm(oldest.ms + RETENTION_MS);
  }

  #row(id: string) {
    const [row] = this.#sql
      .exec<{ previousId: string | null; input: string; output: string; json: string }>(
        "SELECT previous_id AS previousId, input, output, json FROM responses WHERE id = ? AND created_ms > ?",
        id,
        Date.now() - RETENTION_MS,
      )
      .toArray();
    return row;
  }

  #forget(chosen: string, argument: string | number): void {
    this.#sql.exec(`DELETE FROM items WHERE response_id IN (${chosen})`, argument);
    this.#sql.exec(`DELETE FROM responses WHERE id IN (${chosen})`, argument);
  }
}
