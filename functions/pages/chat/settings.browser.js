import { makePanel } from "./panel.browser.js";

const NUMBERS = ["temperature", "top_p", "top_k", "min_p", "max_tokens", "seed"];
/** Between strings that end an answer. */
const LINE = /\r?\n/;

const at = (id) => document.getElementById(id);

/** Whether the settings are what they may be; opens them and shows what is not. */
export function settingsHold() {
  if (at("settings-form").checkValidity()) return true;
  if (at("settings").hidden) at("settings-toggle").click();
  return at("settings-form").reportValidity();
}

/** Of the request: the fields that were filled in. */
export function settingsFields() {
  const numbers = NUMBERS.flatMap((name) => (at(name).value === "" ? [] : [[name, at(name).valueAsNumber]]));
  const stop = at("stop-strings").value.split(LINE).filter(Boolean).map(unescaped);
  return { ...Object.fromEntries(numbers), ...(stop.length > 0 && { stop }) };
}

/** The system message as messages of a request. */
export function systemMessages() {
  const content = at("system").value.trim();
  return content === "" ? [] : [{ role: "system", content }];
}

/** Within one, \n is a line's end and \\ a backslash. */
const unescaped = (text) => text.replace(/\\([n\\])/g, (_, letter) => (letter === "n" ? "\n" : "\\"));

makePanel(at("settings-toggle"), at("settings"));
at("settings-form").addEventListener("submit", (event) => event.preventDefault());
