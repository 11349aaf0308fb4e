const STORED = "lapidary-key";

let key = keyOfAddress() ?? sessionStorage.getItem(STORED) ?? "";

/** "" as long as there is none. */
export const currentKey = () => key;

/** Every later request is sent with this key. */
export function useKey(given) {
  key = given;
}

/** Leaves the key in the tab's own memory, where a reload finds it. */
export function keepKey() {
  sessionStorage.setItem(STORED, key);
}

export function forgetKey() {
  sessionStorage.removeItem(STORED);
}

/** The key in the address goes out of it and of the history. */
export function keyOfAddress() {
  const found = new URLSearchParams(location.hash.slice(1)).get("key");
  if (found) history.replaceState(null, "", location.pathname + location.search);
  return found;
}
