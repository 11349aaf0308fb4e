const FIRST = `
  CREATE TABLE tenants (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, request_id TEXT NOT NULL, admin TEXT NOT NULL,
    action TEXT NOT NULL, tenant TEXT, detail TEXT NOT NULL, status INTEGER
  );
`;

/** How the directory's tables came to be: a step that was released is never changed, only followed by another. */
export const DIRECTORY_MIGRATIONS: readonly string[] = [FIRST];
