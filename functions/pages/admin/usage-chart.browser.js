import { element, grouped } from "../element.browser.js";
import { drawing, shape } from "../shape.browser.js";

const HEIGHT = 100;
const BAR = 8;
const STEP = 10;

/** Tokens of each day as bars, prompts below answers; days without use are empty. */
export function usageChart({ from, to, usage }) {
  const days = daysOf(from, to).map((day) => {
    const rows = usage.filter((row) => row.day === day);
    const sum = (field) => rows.reduce((total, row) => total + row[field], 0);
    return { day, prompt: sum("promptTokens"), completion: sum("completionTokens") };
  });
  const most = Math.max(1, ...days.map(({ prompt, completion }) => prompt + completion));
  const total = days.reduce((sum, { prompt, completion }) => sum + prompt + completion, 0);
  const words = `${grouped(total)} tokens from ${from} to ${to}, at most ${grouped(most === 1 ? total : most)} a day`;

  const svg = drawing(days.length * STEP, HEIGHT, words);
  for (const [index, { day, prompt, completion }] of days.entries()) {
    const title = shape("title");
    title.textContent = `${day}: ${grouped(prompt)} tokens of prompts, ${grouped(completion)} of answers`;
    const [low, high] = [prompt, completion].map((tokens) => (tokens / most) * HEIGHT);
    const at = { x: index * STEP, width: BAR };
    const prompts = shape("rect", { ...at, class: "prompt-bar", y: HEIGHT - low, height: low });
    const answers = shape("rect", { ...at, class: "answer-bar", y: HEIGHT - low - high, height: high });
    svg.append(shape("g", {}, title, prompts, answers));
  }
  return element("figure", {}, svg, element("figcaption", { className: "hint", textContent: words }));
}

function daysOf(from, to) {
  const days = [];
  for (const day = new Date(`${from}T00:00:00Z`); ; day.setUTCDate(day.getUTCDate() + 1)) {
    days.push(day.toISOString().slice(0, 10));
    if (days.at(-1) >= to) return days;
  }
}
