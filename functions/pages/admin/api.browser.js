/** Of this page's memory alone: no storage, no address. */
let key = "";

/** Every later request is sent with this key; "" forgets it. */
export function useKey(given) {
  key = given;
}

/** Asks the admin API and answers its JSON; throws an Error with the API's own words. */
export async function operate(method, path, body) {
  const response = await fetch(`/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? `The service answered ${response.status}.`);
  return answer;
}
