import { button, element } from "../element.browser.js";

const conversation = document.getElementById("conversation");
const scroller = document.querySelector("main");
/** What a screen reader reads by itself: an answer once, not every piece of it. */
const spoken = document.getElementById("spoken");
/** Nearer to the end than this, the view follows the answer. */
const FOLLOW_PIXELS = 80;

/** Shows what the user wrote; text goes in as text alone, here and everywhere. */
export function showQuestion(text) {
  const article = articleOf("question", "You");
  article.append(element("div", { className: "text", textContent: text }));
  spoken.textContent = "";
  toEnd();
  return article;
}

/** An answer to be filled: `add` text, then `end` with figures, actions and what may be opened, or `fail`. */
export function showAnswer(model) {
  const article = articleOf("answer running", model);
  const node = document.createTextNode("");
  article.append(element("div", { className: "text" }, node));
  article.ariaBusy = "true";
  return {
    article,
    add(piece) {
      const follow = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < FOLLOW_PIXELS;
      node.appendData(piece);
      if (follow) toEnd();
    },
    end(words, actions, ...details) {
      article.className = "answer";
      article.ariaBusy = null;
      const line = element("div", { className: "figures" });
      if (words) line.append(element("span", { textContent: words }));
      for (const [label, act] of Object.entries(actions)) line.append(button(label, act));
      article.append(line, ...details);
      spoken.textContent = node.data;
      toEnd();
    },
    fail({ status, code, message }) {
      const what = [status, code].filter(Boolean).join(" ");
      const lines = [element("p", { textContent: message }), element("p", { className: "code", textContent: what })];
      article.append(element("div", { className: "failure", role: "alert" }, ...lines));
    },
  };
}

/** Removes every message. */
export function clearMessages() {
  conversation.replaceChildren();
  spoken.textContent = "";
}

function articleOf(className, name) {
  const article = element("article", { className, ariaLabel: name }, element("h3", { textContent: name }));
  conversation.append(article);
  return article;
}

function toEnd() {
  scroller.scrollTop = scroller.scrollHeight;
}
