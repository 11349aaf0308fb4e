const SVG = "http://www.w3.org/2000/svg";

/** An element of a drawing. */
export function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A drawing that is as wide as its place, and the words that say what it shows. */
export function drawing(width, height, words, ...children) {
  const viewBox = `0 0 ${width} ${height}`;
  return shape("svg", { viewBox, preserveAspectRatio: "none", role: "img", "aria-label": words }, ...children);
}
