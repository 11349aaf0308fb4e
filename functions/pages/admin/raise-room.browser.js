import { button, element } from "../element.browser.js";
import { folded, form, moment, momentField } from "./form.browser.js";
import { limitFields, limitName, limitWords } from "./limits.browser.js";

/** Limits that are no numbers cannot be raised. */
const NOT_RAISED = ["allowedModels", "priority"];

/** Higher limits until a moment: those there are, and a form for others. */
export function raiseRoom({ limits, raise }, change) {
  const raisable = Object.keys(limits).filter((name) => !NOT_RAISED.includes(name));
  const fields = limitFields(Object.fromEntries(raisable.map((name) => [name, null])), "as it is");
  const until = momentField("Until", { required: true });
  const send = () => {
    const given = Object.entries(fields.values()).filter(([, value]) => value !== null);
    change({ raise: { limits: Object.fromEntries(given), expiresAt: until.iso() } });
  };
  const raising = folded("Raise limits for a while", form("Raise", [fields.cards, until.label], "Raise them", send));
  if (!raise) return [raising];
  const words = Object.entries(raise.limits).map(([name, value]) => {
    const shown = value === null ? "no limit" : limitWords(name, value);
    return `${limitName(name).toLowerCase()} ${shown}`;
  });
  const shown = element(
    "p",
    { className: "raise" },
    `Raised until ${moment(raise.expiresAt)}: ${words.join(", ")} `,
    button("End it", () => change({ raise: "none" }), "End the raise"),
  );
  return [shown, raising];
}
