import { element } from "../element.browser.js";
import { operate } from "./api.browser.js";
import { moment } from "./form.browser.js";
import { doing } from "./status.browser.js";

const PAGE = 50;

const [log, entries, older] = ["audit", "audit-entries", "audit-older"].map((id) => document.getElementById(id));
let next = null;

/** Fills the log whenever it is opened. */
export function showAuditLog() {
  log.addEventListener("toggle", () => {
    if (log.open) doing(() => list());
  });
  older.addEventListener("click", () => doing(() => list(next)));
}

/** Fills it anew with the newest, or goes on before `before`. */
async function list(before) {
  const page = await operate("GET", `/audit?limit=${PAGE}${before === undefined ? "" : `&before=${before}`}`);
  if (before === undefined) entries.replaceChildren();
  entries.append(...page.entries.map(entry));
  next = page.next;
  older.hidden = next === null;
}

function entry({ at, admin, action, tenant, detail, status, requestId }) {
  const how = status === null ? "cut off" : `answered ${status}`;
  const whose = admin === "previous" ? ", with the previous admin key" : "";
  const told = Object.keys(detail).length === 0 ? [] : [element("code", { textContent: JSON.stringify(detail) })];
  return element(
    "li",
    { title: `Request ${requestId}` },
    element("p", { className: "hint", textContent: `${moment(at)}, ${how}${whose}` }),
    element("p", {}, element("code", { textContent: action }), tenant === null ? "" : ` of ${tenant}`),
    ...told,
  );
}
