import { button, element } from "../element.browser.js";
import { pipelinePicture } from "../pipeline-picture.browser.js";
import { operate } from "./api.browser.js";
import { doing, showFailure } from "./status.browser.js";

const AGAIN_MS = 2_000;

const [live, picture, actions] = ["live", "pipeline", "replicas"].map((id) => document.getElementById(id));
let timer;

/** Shows the pipeline, and goes on showing it while "Live" is chosen. */
export async function showPipeline() {
  live.addEventListener("change", watch);
  await watch();
}

async function watch() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await show();
  } catch (error) {
    live.checked = false;
    showFailure(error);
  }
  if (live.checked) timer = setTimeout(watch, AGAIN_MS);
}

async function show() {
  const [pipeline, { replicas }] = await Promise.all([operate("GET", "/pipeline"), operate("GET", "/replicas")]);
  picture.replaceChildren(...pipelinePicture(pipeline));
  // Left alone while they say the same: a button must not vanish from under a finger.
  if (actions.dataset.replicas === String(replicas)) return;
  actions.dataset.replicas = replicas;
  const words = replicas === 1 ? "1 replica of each stage serves." : `${replicas} replicas of each stage serve.`;
  const fewer = button("Take one away", () => resize(replicas - 1), "Take a replica of each stage away");
  fewer.disabled = replicas === 1;
  actions.replaceChildren(
    element("span", { textContent: words }),
    button("Add one", () => resize(replicas + 1), "Add a replica of each stage"),
    fewer,
    button("As configured", () => resize("configured"), "As many replicas as configured"),
  );
}

const resize = (replicas) =>
  doing(async () => {
    await operate("PATCH", "/replicas", { replicas });
    await show();
  }, "Changed.");
