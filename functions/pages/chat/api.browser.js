import { currentKey } from "./key.browser.js";

/** What the API said when it refused or broke off, to be shown as it came. */
export class ApiFailure extends Error {
  /**
   * @param {number | null} status null when the answer broke off after it had begun
   * @param {number | null} waitMs how long to wait before the same has a chance, where the API says so
   */
  constructor(status, { message, code }, waitMs = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.waitMs = waitMs;
  }
}

/** Asks the API with the key of this tab; throws an ApiFailure for a refusal. */
export async function request(path, { headers, ...init } = {}) {
  const response = await fetch(`/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${currentKey()}`, ...headers },
  });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  const wait = response.headers.get("retry-after-ms") ?? Number(response.headers.get("retry-after")) * 1000;
  throw new ApiFailure(
    response.status,
    error ?? { message: response.statusText, code: "unknown" },
    Number(wait) || null,
  );
}

/** The ids of the models that the key may use. */
export async function listModels() {
  const { data } = await (await request("/models")).json();
  return data.map(({ id }) => id);
}
