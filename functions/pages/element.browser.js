/** An element with properties and children; strings become text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A button; `name` is what a screen reader says where the label alone would not tell which one it is. */
export function button(label, act, name = label) {
  const made = element("button", { type: "button", className: "quiet", textContent: label });
  made.setAttribute("aria-label", name);
  made.addEventListener("click", act);
  return made;
}

/** Names and values. */
export function definitions(entries) {
  return element("dl", {}, ...entries.map(([name, value]) => term(name, String(value))));
}

const term = (name, value) =>
  element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }));

/** A whole number as people read it. */
export const grouped = (number) => number.toLocaleString("en");
