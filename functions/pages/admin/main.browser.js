import { button, copy, element } from "../element.browser.js";
import { operate, useKey } from "./api.browser.js";
import { showAuditLog } from "./audit-log.browser.js";
import { showPipeline } from "./pipeline-room.browser.js";
import { doing } from "./status.browser.js";
import { tenantRoom } from "./tenant-room.browser.js";

const at = (id) => document.getElementById(id);
const [tenants, room] = ["tenants", "tenant"].map(at);
/** Where the next page of tenants begins. */
let next = null;
/** The tenant that is shown, or asked for last. */
let chosen = null;

/** Fills the list anew, or goes on after `after`. */
async function listTenants(after = "") {
  const page = await operate("GET", `/tenants?after=${encodeURIComponent(after)}`);
  if (after === "") tenants.replaceChildren();
  tenants.append(
    ...page.tenants.map(({ name }) =>
      element(
        "li",
        {},
        button(name, () => doing(() => openTenant(name))),
      ),
    ),
  );
  next = page.next;
  at("more").hidden = next === null;
  markChosen();
}

function markChosen() {
  for (const made of tenants.querySelectorAll("button")) made.ariaPressed = String(made.textContent === chosen);
}

async function openTenant(name) {
  const again = chosen === name;
  chosen = name;
  markChosen();
  const shown = await tenantRoom(name, {
    onSecret: showSecret,
    reopen: () => openTenant(name),
    gone: closeTenant,
  });
  // Another may have been asked for meanwhile.
  if (chosen !== name) return;
  if (again) return showAgain(shown);
  room.replaceChildren(...shown);
  room.hidden = false;
  room.focus();
}

/** What was open stays open, and what has the focus keeps it. */
function showAgain(shown) {
  const nameOf = (made) => made.ariaLabel ?? made.textContent;
  const opened = new Set([...room.querySelectorAll("details[open] > summary")].map(nameOf));
  const focused = room.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  room.replaceChildren(...shown);
  for (const summary of room.querySelectorAll("summary")) summary.parentElement.open = opened.has(nameOf(summary));
  const same = [...room.querySelectorAll("button")].find((made) => nameOf(made) === focused);
  (same ?? room).focus({ preventScroll: true });
}

async function closeTenant() {
  chosen = null;
  room.hidden = true;
  room.replaceChildren();
  await listTenants();
}

/** Shown until it is put away: nobody can ask for it again. */
function showSecret({ key }) {
  const box = element(
    "div",
    { className: "secret", role: "alert" },
    element("p", { textContent: "The new key, shown only now:" }),
    element("p", {}, element("code", { textContent: key })),
    element(
      "div",
      { className: "actions" },
      button("Copy", () => copy(key), "Copy the new key"),
      button("Put away", () => box.remove(), "Put the new key away"),
    ),
  );
  at("secret").replaceChildren(box);
}

at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(at("admin-key").value.trim());
  at("admin-key").value = "";
  doing(async () => {
    await listTenants();
    at("enter").hidden = true;
    at("rooms").hidden = at("leave").hidden = false;
    showPipeline();
  });
});
at("new-tenant").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = at("tenant-name").value;
  doing(async () => {
    showSecret(await operate("POST", "/tenants", { name }));
    at("tenant-name").value = "";
    await listTenants();
    await openTenant(name);
  });
});
at("more").addEventListener("click", () => doing(() => listTenants(next)));
at("leave").addEventListener("click", () => location.reload());
showAuditLog();
at("admin-key").focus();
