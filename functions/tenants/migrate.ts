/**
 * Brings an object's tables to the newest version: runs the steps it has not seen, each with its version number in one
 * transaction, so a step that fails leaves the version before it. An Error when the tables come from newer code.
 */
export function migrate(storage: DurableObjectStorage, steps: readonly string[]): void {
  storage.sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
  const [row] = storage.sql.exec<{ version: number }>("SELECT version FROM schema_version").toArray();
  const version = row?.version ?? 0;
  if (version > steps.length)
    throw new Error(
      `these tables have version ${version}, this code knows ${steps.length}: deploy the newer code again`,
    );
  for (let next = version; next < steps.length; next++) {
    storage.transactionSync(() => {
      storage.sql.exec(steps[next]!);
      storage.sql.exec("DELETE FROM schema_version");
      storage.sql.exec("INSERT INTO schema_version VALUES (?)", next + 1);
    });
  }
}
