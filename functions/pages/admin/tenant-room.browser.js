import { button, definitions, element, grouped } from "../element.browser.js";
import { operate } from "./api.browser.js";
import { usageChart } from "./usage-chart.browser.js";

/** What is held now, and the limit it counts against. */
const HELD = [
  ["Requests this minute", "requestsThisMinute", "requestsPerMinute"],
  ["Tokens this minute", "tokensThisMinute", "tokensPerMinute"],
  ["Tokens today", "tokensToday", "tokensPerDay"],
  ["Money this month, in millionths", "microsThisMonth", "budgetMicrosPerMonth"],
  ["Running", "running", "concurrency"],
];
/** Limits that a form changes; an empty field is no limit where there may be none. */
const LIMITS = [
  ["Requests a minute", "requestsPerMinute", 1],
  ["Tokens a minute", "tokensPerMinute", 2],
  ["Tokens a day", "tokensPerDay", 2, "no limit"],
  ["Money a month, in millionths", "budgetMicrosPerMonth", 1, "no limit"],
  ["Generations at once", "concurrency", 1],
  ["Context tokens", "maxContextTokens", 2, "no limit"],
  ["Tokens of an answer", "maxOutputTokens", 1],
  ["Priority", "priority", 1],
];

/** Everything of one tenant. `doing` runs an action and shows its failure; `onSecret` shows a new key. */
export async function tenantRoom(name, { doing, onSecret, reopen, gone }) {
  const path = `/tenants/${encodeURIComponent(name)}`;
  const [tenant, { keys }, report] = await Promise.all(
    ["", "/keys", "/usage"].map((part) => operate("GET", path + part)),
  );
  const act = (work) => () =>
    doing(async () => {
      await work();
      await reopen();
    });
  const block = act(() => operate("PATCH", path, { blocked: !tenant.blocked }));
  const remove = () => {
    if (!confirm(`Delete ${name} with its keys and usage?`)) return;
    doing(async () => {
      await operate("DELETE", path);
      await gone();
    });
  };
  return [
    element(
      "div",
      { className: "title" },
      element("h2", { textContent: tenant.blocked ? `${name} (blocked)` : name }),
      button(tenant.blocked ? "Unblock" : "Block", block, `${tenant.blocked ? "Unblock" : "Block"} ${name}`),
      button("Delete", remove, `Delete ${name}`),
    ),
    ...tenant.alerts.map(({ limit, percent, keyId }) =>
      element("p", {
        className: "failure",
        textContent: `${percent} % of ${limit}${keyId ? ` of ${keyId}` : ""} is used`,
      }),
    ),
    heading("Limits against use"),
    element("ul", { className: "cards" }, ...HELD.map(([label, held, limit]) => holding(label, tenant, held, limit))),
    limitsForm(tenant.limits, (limits) => act(() => operate("PATCH", path, { limits }))()),
    heading("Keys"),
    element("ul", { className: "cards" }, ...keys.map((key) => keyCard(key, `${path}/keys/${key.id}`, act, onSecret))),
    newKeyForm((label) => act(async () => onSecret(await operate("POST", `${path}/keys`, { label })))()),
    heading("Usage"),
    usageChart(report),
    heading("Refusals"),
    refusals(report),
  ];
}

const heading = (textContent) => element("h3", { textContent });

function holding(label, { now, limits }, held, limit) {
  const of = limits[limit];
  const words = of === null ? `${grouped(now[held])}, no limit` : `${grouped(now[held])} of ${grouped(of)}`;
  const card = element(
    "li",
    {},
    element("p", { className: "hint", textContent: label }),
    element("p", { textContent: words }),
  );
  if (of === null) return card;
  const meter = element("meter", { min: 0, max: of, value: now[held] });
  meter.setAttribute("aria-label", label);
  card.append(meter);
  return card;
}

function limitsForm(limits, change) {
  const fields = LIMITS.map(([label, name, min, empty]) => {
    const input = element("input", { type: "number", name, min, step: 1, required: !empty, value: limits[name] ?? "" });
    if (empty) input.placeholder = empty;
    return element("label", {}, label, input);
  });
  const form = element(
    "form",
    { ariaLabel: "Limits" },
    element("div", { className: "cards" }, ...fields),
    element("button", { type: "submit", textContent: "Change the limits" }),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const inputs = fields.map((label) => label.querySelector("input"));
    change(Object.fromEntries(inputs.map(({ name, value }) => [name, value === "" ? null : Number(value)])));
  });
  return element("details", {}, element("summary", { textContent: "Change limits" }), form);
}

function keyCard({ id, label, state, lastUsedAt, expiresAt }, path, act, onSecret) {
  const words = label || id;
  const rotate = act(async () => onSecret(await operate("POST", `${path}/rotate`)));
  const revoke = () => {
    if (confirm(`Revoke ${words}? It lets nobody in from then on.`)) act(() => operate("DELETE", path))();
  };
  const card = element(
    "li",
    {},
    element("strong", { textContent: words }),
    definitions([
      ["Id", id],
      ["State", state],
      ["Last used", lastUsedAt ?? "never"],
      ["Expires", expiresAt ?? "never"],
    ]),
  );
  if (state === "live")
    card.append(
      element(
        "div",
        { className: "actions" },
        button("Rotate", rotate, `Rotate ${words}`),
        button("Revoke", revoke, `Revoke ${words}`),
      ),
    );
  return card;
}

function newKeyForm(make) {
  const input = element("input", { maxLength: 100, placeholder: "whose, or for what" });
  const row = element(
    "div",
    { className: "row" },
    input,
    element("button", { type: "submit", textContent: "Make a key" }),
  );
  const form = element(
    "form",
    { ariaLabel: "New key" },
    element("label", { htmlFor: "key-label", textContent: "Label of a new key" }),
    row,
  );
  input.id = "key-label";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    make(input.value);
  });
  return form;
}

function refusals({ refusals }) {
  const sums = new Map();
  for (const { reason, count } of refusals) sums.set(reason, (sums.get(reason) ?? 0) + count);
  if (sums.size === 0) return element("p", { className: "hint", textContent: "None in these days." });
  return definitions([...sums].map(([reason, count]) => [reason, grouped(count)]));
}
