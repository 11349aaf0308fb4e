/** The first tables; ledgers from before versions were counted have them already. */
const FIRST = `
  CREATE TABLE IF NOT EXISTS limits (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS keys (secret_sha256 TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS admissions (
    id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, tokens INTEGER NOT NULL, lease_until_ms INTEGER
  ) WITHOUT ROWID;
`;

/** Keys with a life of their own, usage by day, model and key, refusals by reason, blocking. */
const KEYS_AND_USAGE = `
  ALTER TABLE keys RENAME TO bare_keys;
  CREATE TABLE keys (
    id TEXT PRIMARY KEY, secret_sha256 TEXT NOT NULL UNIQUE, label TEXT NOT NULL, created_ms INTEGER NOT NULL,
    expires_ms INTEGER, revoked_ms INTEGER, last_used_ms INTEGER, replaces TEXT
  ) WITHOUT ROWID;
  INSERT INTO keys
    SELECT 'key_' || substr(secret_sha256, 1, 16), secret_sha256, '', created_ms, NULL, NULL, NULL, NULL FROM bare_keys;
  DROP TABLE bare_keys;

  ALTER TABLE admissions ADD COLUMN key_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE admissions ADD COLUMN model TEXT NOT NULL DEFAULT '';
  CREATE TABLE usage (
    day TEXT NOT NULL, model TEXT NOT NULL, key_id TEXT NOT NULL,
    requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (day, model, key_id)
  ) WITHOUT ROWID;
  CREATE TABLE refusals (
    day TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, reason)
  ) WITHOUT ROWID;

  CREATE TABLE tenant (
    id INTEGER PRIMARY KEY CHECK (id = 1), limits TEXT NOT NULL, blocked INTEGER NOT NULL, created_ms INTEGER NOT NULL
  );
  INSERT INTO tenant SELECT 1, json, 0, (SELECT ifnull(min(created_ms), 0) FROM keys) FROM limits;
  DROP TABLE limits;
`;

/** Requests of several sequences: each has a lease of its own, and only the first counts as a request. */
const SEQUENCES = `
  ALTER TABLE admissions ADD COLUMN prompt_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE admissions ADD COLUMN requests INTEGER NOT NULL DEFAULT 1;
  UPDATE admissions SET prompt_tokens = tokens;
`;

/** Requests that can be asked for again by their caller's name for them. */
const KEPT_GENERATIONS = `
  CREATE TABLE IF NOT EXISTS kept_generations (
    id TEXT PRIMARY KEY, name_sha256 TEXT NOT NULL UNIQUE, expires_ms INTEGER NOT NULL, state TEXT NOT NULL
  ) WITHOUT ROWID;
`;

/** Keys with limits and a budget that follow them through rotations, money, limit raises, model aliases. */
const KEY_LIMITS_AND_MONEY = `
  ALTER TABLE keys ADD COLUMN root_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE keys ADD COLUMN limits TEXT NOT NULL DEFAULT '{}';
  WITH RECURSIVE line(id, root_id) AS (
    SELECT id, id FROM keys WHERE replaces IS NULL OR replaces NOT IN (SELECT id FROM keys)
    UNION ALL SELECT keys.id, line.root_id FROM keys JOIN line ON keys.replaces = line.id
  )
  UPDATE keys SET root_id = (SELECT line.root_id FROM line WHERE line.id = keys.id);

  ALTER TABLE admissions ADD COLUMN root_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE admissions ADD COLUMN micros INTEGER NOT NULL DEFAULT 0;
  UPDATE admissions SET root_id = ifnull((SELECT keys.root_id FROM keys WHERE keys.id = key_id), key_id);

  ALTER TABLE usage ADD COLUMN root_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE usage ADD COLUMN cached_tokens INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE usage ADD COLUMN micros INTEGER NOT NULL DEFAULT 0;
  UPDATE usage SET root_id = ifnull((SELECT keys.root_id FROM keys WHERE keys.id = key_id), key_id);

  ALTER TABLE tenant ADD COLUMN raise TEXT;
  ALTER TABLE tenant ADD COLUMN aliases TEXT NOT NULL DEFAULT '{}';
`;

/** Usage by the names that requests give the tenant's own users. */
const USERS = `
  ALTER TABLE admissions ADD COLUMN user TEXT NOT NULL DEFAULT '';
  CREATE TABLE user_usage (
    day TEXT NOT NULL, user TEXT NOT NULL, requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, micros INTEGER NOT NULL,
    PRIMARY KEY (day, user)
  ) WITHOUT ROWID;
`;

/** Usage by every label of requests: their `user`, as the label without a name, and their `metadata`. */
const LABELS = `
  ALTER TABLE admissions RENAME COLUMN user TO labels;
  UPDATE admissions SET labels = CASE labels WHEN '' THEN '{}' ELSE json_object('', labels) END;
  CREATE TABLE label_usage (
    day TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    micros INTEGER NOT NULL, PRIMARY KEY (day, name, value)
  ) WITHOUT ROWID;
  INSERT INTO label_usage
    SELECT day, '', user, requests, prompt_tokens, cached_tokens, completion_tokens, micros FROM user_usage;
  DROP TABLE user_usage;
`;

/** How a ledger's tables came to be: a step that was released is never changed, only followed by another. */
export const LEDGER_MIGRATIONS: readonly string[] = [
  FIRST,
  KEYS_AND_USAGE,
  SEQUENCES,
  KEPT_GENERATIONS,
  KEY_LIMITS_AND_MONEY,
  USERS,
  LABELS,
];
