import { button, element, heading } from "../element.browser.js";
import { aliasesForm } from "./aliases-form.browser.js";
import { operate } from "./api.browser.js";
import { folded, form } from "./form.browser.js";
import { keysRoom } from "./keys-room.browser.js";
import { ALWAYS, holdings, limitFields, limitName, limitWords, raisedLimits } from "./limits.browser.js";
import { raiseRoom } from "./raise-room.browser.js";
import { doing } from "./status.browser.js";
import { usageRoom } from "./usage-room.browser.js";

/** Everything of one tenant. `onSecret` shows a new key, `reopen` everything anew, `gone` that it is deleted. */
export async function tenantRoom(name, { onSecret, reopen, gone }) {
  const path = `/tenants/${encodeURIComponent(name)}`;
  const [tenant, { keys }, usage] = await Promise.all([
    operate("GET", path),
    operate("GET", `${path}/keys`),
    usageRoom(path),
  ]);
  const act = (work) =>
    doing(async () => {
      await work();
      await reopen();
    }, "Changed.");
  const change = (changes) => act(() => operate("PATCH", path, changes));
  const remove = () => {
    if (!confirm(`Delete ${name} with its keys and usage?`)) return;
    doing(async () => {
      await operate("DELETE", path);
      await gone();
    });
  };
  const fields = limitFields(tenant.limits, "no limit", ALWAYS);
  const blocking = tenant.blocked ? "Unblock" : "Block";
  return [
    element(
      "div",
      { className: "title" },
      element("h2", { textContent: tenant.blocked ? `${name} (blocked)` : name }),
      button(blocking, () => change({ blocked: !tenant.blocked }), `${blocking} ${name}`),
      button("Delete", remove, `Delete ${name}`),
    ),
    ...tenant.alerts.map((alert) => element("p", { className: "failure", textContent: alertWords(alert, keys) })),
    heading("Limits against use"),
    holdings(tenant.now, raisedLimits(tenant.limits, tenant.raise)),
    folded(
      "Change limits",
      form("Limits", [fields.cards], "Change the limits", () => change({ limits: fields.values() })),
    ),
    ...raiseRoom(tenant, change),
    folded(aliasesSummary(tenant), aliasesForm(tenant.aliases, change)),
    heading("Keys"),
    ...keysRoom(keys, `${path}/keys`, act, onSecret),
    ...usage,
  ];
}

function aliasesSummary({ aliases }) {
  const names = Object.keys(aliases);
  return names.length === 0 ? "Other names for models: none" : `Other names for models: ${names.join(", ")}`;
}

function alertWords({ limit, percent, used, of, keyId }, keys) {
  const whose = keyId === null ? "" : ` of key ${keys.find(({ id }) => id === keyId)?.label || keyId}`;
  return `Over ${percent} % of ${limitName(limit).toLowerCase()}${whose}: ${limitWords(limit, used)} of ${limitWords(limit, of)}.`;
}
