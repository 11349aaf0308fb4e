import { button, definitions, element } from "../element.browser.js";
import { operate } from "./api.browser.js";
import { field, folded, form, moment, momentField } from "./form.browser.js";
import { holdings, limitFields } from "./limits.browser.js";

const NO_LABEL = "whose, or for what";
const MAX_LABEL_CHARACTERS = 100;
const SECONDS_OF_HOUR = 3600;
const DEFAULT_GRACE_HOURS = 24;
const MAX_GRACE_HOURS = 720;

/** Keys of a tenant, the ones that let in first, and a form for another. `act` does something and shows all anew. */
export function keysRoom(keys, path, act, onSecret) {
  const live = ({ state }) => state === "live";
  const dead = keys.filter((key) => !live(key)).map((key) => keyCard(key));
  const cards = keys.filter(live).map((key) => liveCard(key, `${path}/${key.id}`, act, onSecret));
  return [
    element("ul", { className: "cards keys" }, ...cards),
    ...(dead.length > 0
      ? [folded(`${dead.length} that let nobody in any more`, element("ul", { className: "cards keys" }, ...dead))]
      : []),
    newKeyForm((body) => act(async () => onSecret(await operate("POST", path, body)))),
  ];
}

function keyCard({ id, label, state, createdAt, lastUsedAt, expiresAt }) {
  const facts = [
    ["Id", id],
    ["State", state],
    ["Made", moment(createdAt)],
    ["Last used", lastUsedAt ? moment(lastUsedAt) : "never"],
    ["Expires", expiresAt ? moment(expiresAt) : "never"],
  ];
  return element("li", {}, element("strong", { textContent: label || id }), definitions(facts));
}

function liveCard(key, path, act, onSecret) {
  const words = key.label || key.id;
  const revoke = () => {
    if (confirm(`Revoke ${words}? It lets nobody in from then on.`)) act(() => operate("DELETE", path));
  };
  const rotate = (body) => act(async () => onSecret(await operate("POST", `${path}/rotate`, body)));
  const card = keyCard(key);
  if (Object.values(key.limits).some((limit) => limit !== null)) card.append(holdings(key.now, key.limits, false));
  card.append(
    folded(
      `Change ${words}`,
      changeForm(key, words, (body) => act(() => operate("PATCH", path, body))),
    ),
    folded(`Rotate ${words}`, rotationForm(words, rotate)),
    element("div", { className: "actions" }, button("Revoke", revoke, `Revoke ${words}`)),
  );
  return card;
}

function changeForm({ label, expiresAt, limits }, words, change) {
  const name = field("Label", { maxLength: MAX_LABEL_CHARACTERS, value: label, placeholder: NO_LABEL });
  const until = momentField("Expires", { iso: expiresAt });
  const fields = limitFields(limits, "as the tenant");
  const send = () =>
    change({
      label: name.input.value,
      ...(until.changed() && { expiresAt: until.iso() ?? "never" }),
      limits: fields.values(),
    });
  return form(`Limits of ${words}`, [name.label, until.label, fields.cards], `Change ${words}`, send);
}

function rotationForm(words, rotate) {
  const range = { type: "number", min: 0, max: MAX_GRACE_HOURS, step: 1, required: true, value: DEFAULT_GRACE_HOURS };
  const { input, label } = field("Hours that the old one works on", range);
  const send = () => rotate({ graceSeconds: Number(input.value) * SECONDS_OF_HOUR });
  return form(`Rotation of ${words}`, [label], `Rotate ${words}`, send);
}

function newKeyForm(make) {
  const name = field("Label of a new key", {
    id: "key-label",
    maxLength: MAX_LABEL_CHARACTERS,
    placeholder: NO_LABEL,
  });
  const until = momentField("Expires");
  const send = () => make({ label: name.input.value, ...(until.iso() && { expiresAt: until.iso() }) });
  return Object.assign(form("New key", [name.label, until.label], "Make a key", send), { className: "inline" });
}
