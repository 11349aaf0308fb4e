import { curlLine } from "./curl.browser.js";
import { button, clearMessages, showAnswer, showQuestion } from "./messages.browser.js";
import { ApiFailure, listModels, streamAnswer } from "./stream.browser.js";

const SUGGESTIONS = [
  "What is the capital of Peru?",
  "What is 7 + 8?",
  "Tell me a story about a fox.",
  "Count from 3 to 9.",
];
const NUMBERS = ["temperature", "top_p", "top_k", "min_p", "max_tokens", "seed"];
const STORED_KEY = "lapidary-key";

const at = (id) => document.getElementById(id);
const [prompt, send, stop, status, model] = ["prompt", "send", "stop", "status", "model"].map(at);

let key = keyOfFragment() ?? sessionStorage.getItem(STORED_KEY) ?? "";
/** The conversation as the API wants it. */
let messages = [];
let running = null;

/** The key in the address goes into the tab's own memory, and out of the address and the history. */
function keyOfFragment() {
  const found = new URLSearchParams(location.hash.slice(1)).get("key");
  if (found) history.replaceState(null, "", location.pathname + location.search);
  return found;
}

async function connect() {
  const connected = key !== "" && (await loadModels());
  at("key-form").hidden = connected;
  at("suggestions").hidden = at("model-line").hidden = !connected;
  prompt.disabled = send.disabled = model.disabled = !connected;
  if (connected) sessionStorage.setItem(STORED_KEY, key);
  (connected ? prompt : at("key")).focus();
}

async function loadModels() {
  try {
    const ids = await listModels(key);
    model.replaceChildren(...ids.map((id) => new Option(id, id)));
    status.textContent = ids.length === 0 ? "This key may use no model." : "";
    return ids.length > 0;
  } catch (error) {
    status.textContent = error.message;
    return false;
  }
}

function requestBody() {
  const system = at("system").value.trim();
  const fields = NUMBERS.flatMap((name) => (at(name).value === "" ? [] : [[name, at(name).valueAsNumber]]));
  return {
    model: model.value,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...messages],
    ...Object.fromEntries(fields),
    stream: true,
    stream_options: { include_usage: true },
  };
}

async function ask(text) {
  if (running || text.trim() === "") return;
  if (!at("settings-form").reportValidity()) return;
  at("welcome").hidden = true;
  // A question that was never answered is asked in vain: the new one takes its place.
  if (messages.at(-1)?.role === "user") messages.pop();
  messages.push({ role: "user", content: text });
  showQuestion(text);
  await answer();
}

async function answer() {
  const body = requestBody();
  const conversation = messages;
  const shown = showAnswer(body.model);
  const clock = { startMs: performance.now(), firstMs: null };
  const said = { text: "", pieces: 0, usage: null, finish: null, left: "" };
  setRunning(new AbortController());
  try {
    const onHeaders = (headers) => {
      said.left = leftOf(headers);
    };
    for await (const event of streamAnswer(body, { key, signal: running.signal, onHeaders })) {
      if (event.text) {
        clock.firstMs ??= performance.now();
        said.text += event.text;
        said.pieces++;
        shown.add(event.text);
        status.textContent = speedOf(said.pieces, clock);
      }
      said.usage = event.usage ?? said.usage;
      said.finish = event.finish ?? said.finish;
    }
    status.textContent = said.left;
  } catch (error) {
    said.finish = running.signal.aborted ? "stopped" : "failed";
    status.textContent = running.signal.aborted ? "Stopped." : "";
    if (!running.signal.aborted)
      shown.fail(error instanceof ApiFailure ? error : { message: error.message, code: "connection_failed" });
  }
  setRunning(null);
  const failed = said.finish === "failed";
  if (said.text !== "" && !failed) conversation.push({ role: "assistant", content: said.text });
  finish(shown, said, clock, body, failed);
}

function finish(shown, said, clock, body, failed) {
  const copy = (text) => () => navigator.clipboard.writeText(text).then(() => "Copied");
  shown.end(figuresOf(said, clock), {
    ...(failed && {
      "Try again": () => {
        shown.article.remove();
        answer();
      },
    }),
    ...(said.text !== "" && { Copy: copy(said.text) }),
    "Copy as curl": copy(curlLine(location.origin, body)),
  });
  prompt.focus();
}

function figuresOf({ usage, finish, pieces }, clock) {
  if (finish === "failed") return "";
  const tokens = usage ? `${usage.prompt_tokens} + ${usage.completion_tokens} tokens` : "";
  const first = clock.firstMs === null ? "" : `first after ${Math.round(clock.firstMs - clock.startMs)} ms`;
  const speed = clock.firstMs === null ? "" : speedOf(usage?.completion_tokens ?? pieces, clock);
  const end = { length: "cut at its longest", stopped: "stopped" }[finish] ?? "";
  return [tokens, first, speed, end].filter(Boolean).join(" · ");
}

function speedOf(tokens, { firstMs }) {
  const seconds = (performance.now() - firstMs) / 1000;
  return seconds > 0.05 ? `${(tokens / seconds).toFixed(1)} tokens a second` : "";
}

function leftOf(headers) {
  const number = (name) => Number(headers.get(`x-ratelimit-${name}`)).toLocaleString("en");
  if (!headers.has("x-ratelimit-remaining-tokens")) return "";
  return `${number("remaining-tokens")} of ${number("limit-tokens")} tokens left this minute`;
}

function setRunning(controller) {
  running = controller;
  send.hidden = running !== null;
  stop.hidden = running === null;
  if (running) status.textContent = "Answering …";
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = prompt.value;
  if (running || text.trim() === "") return;
  prompt.value = "";
  ask(text);
});
prompt.addEventListener("keydown", (event) => {
  // Enter that ends a composition (Japanese, Chinese …) belongs to the composition.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("composer").requestSubmit();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});
stop.addEventListener("click", () => running?.abort());
at("new").addEventListener("click", () => {
  running?.abort();
  messages = [];
  clearMessages();
  at("welcome").hidden = false;
  status.textContent = "";
  prompt.focus();
});
at("settings-toggle").addEventListener("click", () => {
  const settings = at("settings");
  settings.hidden = !settings.hidden;
  at("settings-toggle").setAttribute("aria-expanded", String(!settings.hidden));
  at("settings-toggle").textContent = settings.hidden ? "Settings" : "Close settings";
});
at("settings-form").addEventListener("submit", (event) => event.preventDefault());
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  key = at("key").value.trim();
  at("key").value = "";
  connect();
});
at("forget-key").addEventListener("click", () => {
  sessionStorage.removeItem(STORED_KEY);
  location.reload();
});
at("suggestions").append(
  ...SUGGESTIONS.map((text) => {
    const item = document.createElement("li");
    item.append(button(text, () => ask(text)));
    return item;
  }),
);
window.addEventListener("hashchange", () => {
  const found = keyOfFragment();
  if (!found) return;
  key = found;
  connect();
});
connect();
