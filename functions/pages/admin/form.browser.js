import { element } from "../element.browser.js";

const MINUTE_MS = 60_000;

/** A labelled field; the label is around it. */
export function field(label, properties, tag = "input") {
  const input = element(tag, properties);
  return { input, label: element("label", {}, label, input) };
}

/** A form with a button; `send` hears of a submission whose fields are what they may be. */
export function form(ariaLabel, fields, submit, send) {
  const button = element("button", { type: "submit", textContent: submit });
  const made = element("form", { ariaLabel, autocomplete: "off" }, ...fields, button);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  return made;
}

/** What is opened when it is wanted. */
export function folded(summary, ...children) {
  return element("details", {}, element("summary", { textContent: summary }), ...children);
}

/**
 * A field for a moment in the reader's own time, filled with one if it is given. `iso` is null while it is empty, `changed`
 * says whether it holds something else than in the beginning.
 */
export function momentField(label, { required = false, iso = null } = {}) {
  const value = iso === null ? "" : ofHere(new Date(iso));
  const { input, label: shown } = field(`${label}, in your time`, { type: "datetime-local", required, value });
  return {
    label: shown,
    iso: () => (input.value === "" ? null : new Date(input.value).toISOString()),
    changed: () => input.value !== value,
  };
}

/** As such a field takes it, to the minute. */
const ofHere = (date) =>
  new Date(date - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, "2030-01-31T18:00".length);

/** A moment as its reader's clock shows it. */
export const moment = (iso) => new Date(iso).toLocaleString();
