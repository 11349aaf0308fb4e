import { element } from "../element.browser.js";

const [status, done] = ["status", "done"].map((id) => document.getElementById(id));

/** Runs an action and shows the API's own words when it fails; a screen reader says `words` when it does not. */
export async function doing(work, words = "") {
  status.replaceChildren();
  done.textContent = "";
  try {
    await work();
    done.textContent = words;
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
