/** What the API said when it refused or broke off, to be shown as it came. */
export class ApiFailure extends Error {
  /** @param {number | null} status null when the answer broke off after it had begun */
  constructor(status, { message, code }) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Asks for an answer and yields `{ text }`, `{ finish }` and at the end `{ usage }`; `onHeaders` sees the response's.
 * Throws an ApiFailure, or an AbortError when `signal` stopped it.
 */
export async function* streamAnswer(body, { key, signal, onHeaders }) {
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
  onHeaders(response.headers);
  if (!response.ok) throw await failureOf(response);
  for await (const line of linesOf(response.body)) {
    if (!line.startsWith("data: ")) continue;
    const data = line.slice("data: ".length);
    if (data === "[DONE]") return;
    const { error, choices, usage } = JSON.parse(data);
    if (error) throw new ApiFailure(null, error);
    const choice = choices[0];
    if (choice?.delta.content) yield { text: choice.delta.content };
    if (choice?.finish_reason) yield { finish: choice.finish_reason };
    if (usage) yield { usage };
  }
  throw new ApiFailure(null, { message: "The answer broke off.", code: "connection_lost" });
}

/** The ids of the models that the key may use; throws an ApiFailure. */
export async function listModels(key) {
  const response = await fetch("/v1/models", { headers: { authorization: `Bearer ${key}` } });
  if (!response.ok) throw await failureOf(response);
  const { data } = await response.json();
  return data.map(({ id }) => id);
}

async function failureOf(response) {
  const { error } = await response.json().catch(() => ({}));
  return new ApiFailure(response.status, error ?? { message: response.statusText, code: "unknown" });
}

async function* linesOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (pending + value).split("\n");
    pending = lines.pop();
    yield* lines;
  }
}
