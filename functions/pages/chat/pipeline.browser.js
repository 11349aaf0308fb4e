// In development alone: the service gives this file, and what it asks for, to nobody else.
import { element } from "../element.browser.js";
import { pipelinePicture } from "../pipeline-picture.browser.js";
import { request } from "./api.browser.js";
import { currentKey } from "./key.browser.js";
import { makePanel } from "./panel.browser.js";

const AGAIN_MS = 1_000;
/** Asking counts as a request, which a limit may hold back. */
const AFTER_FAILURE_MS = 10_000;

const toggle = element("button", { type: "button", className: "quiet", textContent: "Pipeline" });
const picture = element("div", {});
const panel = element(
  "aside",
  { id: "pipeline", className: "panel", tabIndex: -1, hidden: true, ariaLabel: "The pipeline, in development" },
  element("p", { className: "hint", textContent: "Everyone's load, as it is now. Shown in development alone." }),
  picture,
);
toggle.setAttribute("aria-controls", panel.id);
document.getElementById("settings-toggle").before(toggle);
document.querySelector("main").after(panel);

let timer;
makePanel(toggle, panel, (open) => {
  clearTimeout(timer);
  if (open) watch();
});

async function watch() {
  let waitMs = AGAIN_MS;
  try {
    if (currentKey() !== "" && !document.hidden)
      picture.replaceChildren(...pipelinePicture(await (await request("/pipeline")).json()));
  } catch (error) {
    waitMs = AFTER_FAILURE_MS;
    picture.replaceChildren(element("p", { className: "failure", textContent: error.message }));
  }
  if (!panel.hidden) timer = setTimeout(watch, waitMs);
}
