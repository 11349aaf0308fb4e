import { button, copy, element } from "../element.browser.js";
import { ApiFailure, listModels } from "./api.browser.js";
import { curlLine } from "./curl.browser.js";
import { figuresOf, leftOf, speedOf } from "./figures.browser.js";
import { currentKey, forgetKey, keepKey, keyOfAddress, useKey } from "./key.browser.js";
import { clearMessages, showAnswer, showQuestion } from "./messages.browser.js";
import { closePanel } from "./panel.browser.js";
import { settingsFields, settingsHold, systemMessages } from "./settings.browser.js";
import { streamAnswer } from "./stream.browser.js";
import { timingPicture } from "./timing-picture.browser.js";

const SUGGESTIONS = [
  "What is the capital of Peru?",
  "What is 7 + 8?",
  "Tell me a story about a fox.",
  "Count from 3 to 9.",
];

const at = (id) => document.getElementById(id);
const [prompt, send, stop, status, model] = ["prompt", "send", "stop", "status", "model"].map(at);

/** The conversation as the API wants it. */
let messages = [];
let running = null;

async function connect() {
  const connected = currentKey() !== "" && (await loadModels());
  at("key-form").hidden = connected;
  at("suggestions").hidden = at("model-line").hidden = !connected;
  prompt.disabled = send.disabled = model.disabled = !connected;
  if (connected) keepKey();
  (connected ? prompt : at("key")).focus();
}

async function loadModels() {
  try {
    const ids = await listModels();
    model.replaceChildren(...ids.map((id) => new Option(id, id)));
    status.textContent = ids.length === 0 ? "This key may use no model." : "";
    return ids.length > 0;
  } catch (error) {
    status.textContent = error.message;
    return false;
  }
}

function requestBody() {
  return {
    model: model.value,
    messages: [...systemMessages(), ...messages],
    ...settingsFields(),
    stream: true,
    stream_options: { include_usage: true },
  };
}

async function ask(text) {
  if (running || text.trim() === "" || !settingsHold()) return;
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
  const said = { text: "", pieces: 0, usage: null, timings: null, finish: null, left: "" };
  setRunning(new AbortController());
  const { signal } = running;
  try {
    const onHeaders = (headers) => {
      said.left = leftOf(headers);
    };
    const onLoss = (waitMs) => {
      status.textContent = `The connection broke. It goes on in ${(waitMs / 1000).toFixed(1)} s.`;
    };
    for await (const { text, usage, timings, finish } of streamAnswer(body, { signal, onHeaders, onLoss })) {
      if (text) {
        clock.firstMs ??= performance.now();
        said.text += text;
        said.pieces++;
        shown.add(text);
        status.textContent = speedOf(said.pieces, clock.firstMs);
      }
      said.usage = usage ?? said.usage;
      said.timings = timings ?? said.timings;
      said.finish = finish ?? said.finish;
    }
    status.textContent = said.left;
  } catch (error) {
    said.finish = signal.aborted ? "stopped" : "failed";
    status.textContent = signal.aborted ? "Stopped." : said.left;
    if (!signal.aborted) shown.fail(error instanceof ApiFailure ? error : { message: error.message });
  }
  setRunning(null);
  if (said.text !== "" && said.finish !== "failed") conversation.push({ role: "assistant", content: said.text });
  finish(shown, said, clock, body);
}

function finish(shown, said, clock, body) {
  const actions = {
    ...(said.finish === "failed" && {
      "Try again": () => {
        shown.article.remove();
        answer();
      },
    }),
    ...(said.text !== "" && { Copy: () => copy(said.text) }),
    "Copy as curl": () => copy(curlLine(location.origin, body)),
  };
  const pictures = said.timings ? [timingPicture(said.timings, performance.now() - clock.startMs)] : [];
  shown.end(figuresOf(said, clock), actions, ...pictures);
  prompt.focus();
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
  if (running || text.trim() === "" || !settingsHold()) return;
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
  if (event.key === "Escape" && !closePanel()) running?.abort();
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
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(at("key").value.trim());
  at("key").value = "";
  connect();
});
at("forget-key").addEventListener("click", () => {
  forgetKey();
  location.reload();
});
at("suggestions").append(
  ...SUGGESTIONS.map((text) =>
    element(
      "li",
      {},
      button(text, () => ask(text)),
    ),
  ),
);
window.addEventListener("hashchange", () => {
  const found = keyOfAddress();
  if (!found) return;
  useKey(found);
  connect();
});
connect();
