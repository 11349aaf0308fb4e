import { element, table } from "../element.browser.js";
import { drawing, shape } from "../shape.browser.js";

const WIDTH = 1000;
const BAR = 26;
const GAP = 4;
const WIRE = 8;
/** Of the drawing of a token's way. */
const STEP = 40;
const MIDDLE = 10;
/** Split layers make hundreds of hops: those are told, not drawn. */
const MAX_DRAWN_HOPS = 24;

/** Where an answer's time went: `timings` as the API tells them, `wholeMs` as this page waited. To be opened. */
export function timingPicture(timings, wholeMs) {
  const phases = phasesOf(timings, wholeMs);
  const sumMs = phases.reduce((sum, { ms }) => sum + ms, 0);
  const share = (ms) => `${Math.round((100 * ms) / sumMs)} %`;
  const rows = phases.map(({ name, ms }, index) => [labelled(name, `phase-${index}`), inMs(ms), share(ms)]);
  const wire = [labelled("Of these, under way", "wire"), inMs(timings.wire_ms), share(timings.wire_ms)];
  return element(
    "details",
    { className: "timing" },
    element("summary", { textContent: "Where the time went" }),
    bars(phases, sumMs, timings),
    table("Where the time of this answer went", ["Part", "Time", "Share"], [...rows, wire]),
    ...way(timings),
  );
}

/** In the order of time; what the conductor did not count is its own work, and what it never saw the way to this page. */
function phasesOf({ queue_ms, prefill_ms, decode_ms, sampling_ms, total_ms }, wholeMs) {
  const counted = queue_ms + prefill_ms + decode_ms + sampling_ms;
  return [
    { name: "Waiting for a place", ms: queue_ms },
    { name: "Reading the prompt", ms: prefill_ms },
    { name: "Writing the answer", ms: decode_ms },
    { name: "Further rounds of sampling", ms: sampling_ms },
    { name: "Between the steps", ms: Math.max(0, total_ms - counted) },
    { name: "Gateway, network and this page", ms: Math.max(0, wholeMs - total_ms) },
  ];
}

function bars(phases, sumMs, { queue_ms, wire_ms }) {
  const place = (ms) => (WIDTH * ms) / sumMs;
  let x = 0;
  const parts = phases.map(({ ms }, index) => {
    const rect = shape("rect", { class: `phase-${index}`, x, width: place(ms), y: 0, height: BAR });
    x += place(ms);
    return rect;
  });
  const [y, height] = [BAR + GAP, WIRE];
  const wire = shape("rect", { class: "wire", x: place(queue_ms), width: place(wire_ms), y, height });
  const most = phases.reduce((a, b) => (b.ms > a.ms ? b : a));
  const words = `${inMs(sumMs)} in all, most of it: ${most.name}, ${inMs(most.ms)}`;
  return drawing(WIDTH, BAR + GAP + WIRE, words, ...parts, wire);
}

/** The hops that every token of this answer made. */
function way({ hop_ms, hops_per_token: hops }) {
  const each = hop_ms === 0 ? "One is too short to tell how long it takes." : `One takes ${inMs(hop_ms)}.`;
  const words = `A token makes ${hops} hops: from the conductor through the stages to the vocabulary, and back. ${each}`;
  const text = element("p", { className: "hint", textContent: words });
  if (hops > MAX_DRAWN_HOPS) return [text];
  const knots = Array.from({ length: hops + 1 }, (_, index) => (index + 0.5) * STEP);
  const arrows = knots.slice(1).map((x) => shape("path", { d: `M${x - STEP + 8} ${MIDDLE}H${x - 9}m-5 -4l5 4l-5 4` }));
  const circles = knots.map((cx, index) =>
    shape("circle", { cx, cy: MIDDLE, r: 6, class: index % hops === 0 ? "conductor" : "part" }),
  );
  const picture = drawing((hops + 1) * STEP, 2 * MIDDLE, words, ...arrows, ...circles);
  picture.setAttribute("class", "way");
  picture.setAttribute("preserveAspectRatio", "xMinYMid");
  return [picture, text];
}

const labelled = (name, className) => element("span", { className: "swatch" }, swatch(className), name);

function swatch(className) {
  const square = drawing(1, 1, "", shape("rect", { class: className, width: 1, height: 1 }));
  square.removeAttribute("role");
  square.setAttribute("aria-hidden", "true");
  return square;
}

function inMs(ms) {
  if (ms === 0) return "0 ms";
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms).toLocaleString("en")} ms`;
}
