import { element } from "../element.browser.js";

const status = document.getElementById("status");

/** Runs an action and shows the API's own words when it fails. */
export async function doing(work) {
  status.replaceChildren();
  try {
    await work();
  } catch (error) {
    showFailure(error);
  }
}

/** Shows why something failed, until the next action. */
export function showFailure({ message, status: number, code }) {
  const what = [number, code].filter(Boolean).join(" ");
  const lines = [element("p", { textContent: message }), element("p", {}, element("code", { textContent: what }))];
  status.replaceChildren(element("div", { className: "failure" }, ...lines));
}
