import { element } from "../element.browser.js";

/** Of this page's memory alone: no storage, no address. */
let key = "";

/** Every later request is sent with this key; "" forgets it. */
export function useKey(given) {
  key = given;
}

/** What the API refused, in its own words. */
export class Refusal extends Error {
  constructor(status, { message, code }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Asks the admin API and answers its JSON, or null where it has nothing to say; throws a Refusal. */
export async function operate(method, path, body) {
  const response = await ask(path, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return response.status === 204 ? null : await response.json();
}

/** Has the browser keep what the API answers as a file of the name that it gives; throws a Refusal. */
export async function download(path) {
  const response = await ask(path, {});
  const [, name] = /filename="([^"]+)"/.exec(response.headers.get("content-disposition"));
  const href = URL.createObjectURL(await response.blob());
  element("a", { href, download: name }).click();
  URL.revokeObjectURL(href);
}

async function ask(path, { headers, ...init }) {
  const response = await fetch(`/admin/v1${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({}));
  throw new Refusal(response.status, error ?? { message: response.statusText, code: "unknown" });
}
