const conversation = document.getElementById("conversation");
const scroller = document.querySelector("main");
/** Nearer to the end than this, the view follows the answer. */
const FOLLOW_PIXELS = 80;

/** Shows what the user wrote; text goes in as text alone, here and everywhere. */
export function showQuestion(text) {
  const article = articleOf("question", "You");
  article.append(element("div", { className: "text", textContent: text }));
  scroller.scrollTop = scroller.scrollHeight;
  return article;
}

/** An answer to be filled: `add` text, then `figures`, or a `failure`. */
export function showAnswer(model) {
  const article = articleOf("answer running", model);
  const text = element("div", { className: "text" });
  const node = document.createTextNode("");
  text.append(node);
  article.append(text);
  // A screen reader is to read the answer once, not every piece of it.
  article.setAttribute("aria-busy", "true");
  return {
    article,
    add(piece) {
      const follow = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < FOLLOW_PIXELS;
      node.appendData(piece);
      if (follow) scroller.scrollTop = scroller.scrollHeight;
    },
    end(words, actions) {
      article.className = "answer";
      article.removeAttribute("aria-busy");
      const line = element("div", { className: "figures" });
      if (words) line.append(element("span", { textContent: words }));
      for (const [label, act] of Object.entries(actions)) line.append(button(label, act));
      article.append(line);
      scroller.scrollTop = scroller.scrollHeight;
    },
    fail({ status, code, message }) {
      const box = element("div", { className: "failure", role: "alert" });
      const what = [status, code].filter(Boolean).join(" ");
      box.append(element("p", { textContent: message }), element("p", { className: "code", textContent: what }));
      article.append(box);
    },
  };
}

/** Removes every message. */
export function clearMessages() {
  conversation.replaceChildren();
}

/** A button that acts, and says for a moment what came of it when `act` returns words. */
export function button(label, act) {
  const made = element("button", { type: "button", textContent: label });
  made.addEventListener("click", async () => {
    const words = await act();
    if (!words) return;
    made.textContent = words;
    setTimeout(() => {
      made.textContent = label;
    }, 1500);
  });
  return made;
}

function articleOf(className, name) {
  const article = element("article", { className });
  article.setAttribute("aria-label", name);
  article.append(element("h3", { textContent: name }));
  conversation.append(article);
  return article;
}

function element(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
