/** How long a button says what came of it. */
const SAID_MS = 1500;

/** An element with properties and children; strings become text, never markup. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * A button. What `act` answers, if anything, takes the label's place for a moment; `name` is what a screen reader says where
 * the label alone would not tell which one it is.
 */
export function button(label, act, name = label) {
  const made = element("button", { type: "button", className: "quiet", textContent: label });
  if (name !== label) made.ariaLabel = name;
  made.addEventListener("click", async () => {
    const words = await act();
    if (typeof words !== "string") return;
    made.textContent = words;
    setTimeout(() => {
      made.textContent = label;
    }, SAID_MS);
  });
  return made;
}

/** Puts text on the clipboard; what to say of it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    return "The browser refused";
  }
}

export const heading = (textContent) => element("h3", { textContent });

/** Names and values. */
export function definitions(entries) {
  return element("dl", {}, ...entries.map(([name, value]) => term(name, String(value))));
}

const term = (name, value) =>
  element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value }));

/** Rows of cells under a head; the first cell of each names its row. */
export function table(caption, head, rows) {
  const cells = (tag, texts) => texts.map((textContent) => element(tag, { textContent }));
  const bodyRows = rows.map(([name, ...rest]) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...cells("td", rest)),
  );
  const headCells = cells("th", head);
  for (const cell of headCells) cell.scope = "col";
  return element(
    "table",
    {},
    element("caption", { className: "hidden", textContent: caption }),
    element("thead", {}, element("tr", {}, ...headCells)),
    element("tbody", {}, ...bodyRows),
  );
}

/** A whole number as people read it. */
export const grouped = (number) => number.toLocaleString("en");
