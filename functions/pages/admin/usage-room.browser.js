import { button, definitions, element, grouped, heading, table } from "../element.browser.js";
import { download, operate } from "./api.browser.js";
import { field, form } from "./form.browser.js";
import { limitWords } from "./limits.browser.js";
import { doing } from "./status.browser.js";
import { usageChart } from "./usage-chart.browser.js";

/** Usage and refusals of the last days, and of others when asked. */
export async function usageRoom(path) {
  const place = element("div", {});
  const show = async (query) => {
    const report = await operate("GET", `${path}/usage${query}`);
    const csv = (part) => () =>
      doing(() => download(`${path}/usage${part}?from=${report.from}&to=${report.to}&format=csv`));
    place.replaceChildren(
      periodForm(report, (from, to) => doing(() => show(`?from=${from}&to=${to}`))),
      usageChart(report),
      usageTable(report),
      element(
        "div",
        { className: "actions" },
        button("CSV by day", csv("")),
        button("CSV by user", csv("/users")),
        button("CSV by metadata", csv("/metadata")),
      ),
      heading("Refusals"),
      refusals(report),
    );
  };
  await show("");
  return [heading("Usage"), place];
}

function periodForm({ from, to }, show) {
  const [first, last] = [
    ["From", from],
    ["To", to],
  ].map(([label, value]) => field(label, { type: "date", required: true, value }));
  const send = () => show(first.input.value, last.input.value);
  return Object.assign(form("Days of usage", [first.label, last.label], "Show these days", send), {
    className: "inline",
  });
}

/** Sums by model and key. */
function usageTable({ usage }) {
  const sums = new Map();
  for (const { model, keyId, ...row } of usage) {
    const name = `${model || "without a model"}, ${keyId}`;
    const sum = sums.get(name) ?? { requests: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, costMicros: 0 };
    for (const field of Object.keys(sum)) sum[field] += row[field];
    sums.set(name, sum);
  }
  if (sums.size === 0) return element("p", { className: "hint", textContent: "Nothing was used in these days." });
  const rows = [...sums].map(([name, { requests, promptTokens, cachedTokens, completionTokens, costMicros }]) => [
    name,
    ...[requests, promptTokens, cachedTokens, completionTokens].map(grouped),
    limitWords("budgetMicrosPerMonth", costMicros),
  ]);
  const head = ["Model and key", "Requests", "Prompt tokens", "of them cached", "Answer tokens", "Cost"];
  return element(
    "div",
    { className: "wide", tabIndex: 0, role: "region", ariaLabel: "Usage by model and key" },
    table("Usage by model and key", head, rows),
  );
}

function refusals({ refusals }) {
  const sums = new Map();
  for (const { reason, count } of refusals) sums.set(reason, (sums.get(reason) ?? 0) + count);
  if (sums.size === 0) return element("p", { className: "hint", textContent: "None in these days." });
  return definitions([...sums].map(([reason, count]) => [reason, grouped(count)]));
}
