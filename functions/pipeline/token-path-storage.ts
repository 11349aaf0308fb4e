import { InferenceError } from "../../runtime/errors.ts";

/** Methods that write, with the place of their options; of those without one no write is unconfirmed. */
const WRITES: Readonly<Record<string, number | null>> = {
  put: 2,
  delete: 1,
  deleteAll: null,
  setAlarm: null,
  deleteAlarm: null,
  transaction: null,
  transactionSync: null,
};

/**
 * The same storage, which refuses every write that would hold back messages while `streaming` says that tokens are on
 * their way: production keeps all messages of an object until its confirmed writes are on disk, a local disk hides that.
 * InferenceError internal names the write.
 */
export function tokenPathStorage(storage: DurableObjectStorage, streaming: () => boolean): DurableObjectStorage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "sql" && streaming()) throw heldBack("sql");
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (isHeldBack(String(name), args) && streaming()) throw heldBack(String(name));
        return value.apply(target, args);
      };
    },
  });
}

function isHeldBack(method: string, args: readonly unknown[]): boolean {
  const place = WRITES[method];
  if (place === undefined) return false;
  if (place === null) return true;
  // `put` takes several entries as one object, too.
  const options = args[typeof args[0] === "object" && method === "put" ? 1 : place] as
    | DurableObjectPutOptions
    | undefined;
  return options?.allowUnconfirmed !== true;
}

const heldBack = (what: string) =>
  new InferenceError(
    "internal",
    `storage.${what} while tokens are on their way holds back every message until the disk has it: ` +
      "write before the first frame, after the last, or a key with allowUnconfirmed",
  );
