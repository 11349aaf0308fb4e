import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localAdminKey } from "../../cli/local-admin-key.ts";
import { chromiumThere, openPage, type Page } from "./chromium.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const PHONE = { width: 360, height: 740 };
/** What a screen reader can act on, or reads as a thing of its own. */
const ROLES = ["button", "textbox", "link", "spinbutton", "form", "img", "image", "meter"];

describe.skipIf(!chromiumThere)("the operator's page (needs Chromium, see CHROMIUM)", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function openAdmin(size = {}): Promise<Page> {
    const page = await openPage(size);
    await page.open(`${server.url}/admin`);
    await page.until(`document.activeElement?.id === "admin-key"`);
    await page.type(localAdminKey());
    await page.press("Enter");
    await page.until(`document.querySelectorAll(".parts li").length > 0`);
    return page;
  }

  async function createTenant(page: Page, name: string): Promise<string> {
    await page.evaluate(`document.getElementById("tenant-name").focus()`);
    await page.type(name);
    await page.press("Enter");
    await page.until(`document.querySelector("#tenant h2")?.innerText === ${JSON.stringify(name)}`);
    return page.evaluate(`document.querySelector(".secret code").innerText`);
  }
  const press = (page: Page, name: string) =>
    page.evaluate(
      `[...document.querySelectorAll("button")].find((b) => (b.ariaLabel ?? b.textContent) === ${JSON.stringify(name)}).click()`,
    );
  const textOf = (page: Page, selector: string) =>
    page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText`);
  const modelsStatus = async (key: string) =>
    (await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  const ask = (key: string, body: object) =>
    fetch(`${server.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "lapidary-demo", messages: [{ role: "user", content: "sesame" }], ...body }),
    });

  test("makes a tenant, rotates and revokes its keys, and shows a secret once", async () => {
    await using page = await openAdmin();
    await page.evaluate("window.confirm = () => true");
    const first = await createTenant(page, "acme");
    expect(await modelsStatus(first)).toBe(200);
    await press(page, "Put the new key away");
    expect(await page.evaluate("document.body.innerHTML")).not.toContain(first);

    await page.evaluate(`document.getElementById("key-label").value = "<b>robot</b>"`);
    await press(page, "Make a key");
    await page.until(`document.querySelector(".secret code") !== null`);
    const second = await textOf(page, ".secret code");
    await page.until(`document.getElementById("tenant").innerText.includes("<b>robot</b>")`);
    expect(await page.evaluate(`document.querySelectorAll("#tenant b").length`)).toBe(0);
    await press(page, "Revoke <b>robot</b>");
    await page.until(`document.getElementById("tenant").innerText.includes("revoked")`);
    expect(await modelsStatus(second)).toBe(401);

    const id = await page.evaluate<string>(
      `[...document.querySelectorAll("button")].find((b) => b.innerText === "Rotate").ariaLabel`,
    );
    await press(page, id);
    await page.until(`document.querySelector(".secret code")?.innerText !== ${JSON.stringify(second)}`);
    expect(await modelsStatus(await textOf(page, ".secret code"))).toBe(200);
    expect(page.problems).toEqual([]);
  });

  test("shows limits against use, refusals and usage of a tenant, and changes a limit", async () => {
    await using page = await openAdmin();
    const key = await createTenant(page, "busy");
    expect((await ask(key, { max_tokens: 3 })).status).toBe(200);
    await page.evaluate(`document.querySelector("[name=requestsPerMinute]").value = "1"`);
    await press(page, "Change the limits");
    await page.until(`document.querySelector("#tenant .cards").innerText.includes("1 of 1")`);
    expect((await ask(key, { max_tokens: 3 })).status).toBe(429);
    await press(page, "busy");
    await page.until(`/requests/.test([...document.querySelectorAll("#tenant > dl")].at(-1)?.innerText ?? "")`);
    expect(await textOf(page, "figcaption")).toMatch(/^\d+ tokens from /);
    expect(await page.evaluate("document.body.innerText")).not.toContain("sesame");
  });

  test("shows every part of the pipeline", async () => {
    await using page = await openAdmin();
    const text = await textOf(page, "#pipeline");
    for (const part of ["Stage 0, replica 0", "Stage 2, replica 0", "Vocabulary shard 1", "A hop"])
      expect(text).toContain(part);
  });

  test("keeps the admin key in memory alone, and says when it is wrong", async () => {
    await using page = await openAdmin();
    const kept = await page.evaluate<string>(
      "location.href + JSON.stringify([sessionStorage, localStorage]) + document.cookie + document.documentElement.outerHTML",
    );
    expect(kept).not.toContain(localAdminKey());
    expect(await page.evaluate(`document.getElementById("admin-key").value`)).toBe("");
    await page.send("Page.reload");
    await page.until(`document.activeElement?.id === "admin-key" && document.getElementById("rooms").hidden`);
    await page.type("wrong");
    await page.press("Enter");
    await page.until(`document.getElementById("status").innerText === "Incorrect admin key."`);
  });

  test("has a name for everything a screen reader can act on", async () => {
    await using page = await openAdmin();
    await createTenant(page, "spoken");
    await page.evaluate(`document.querySelector("details").open = true`);
    const { nodes } = (await page.send("Accessibility.getFullAXTree")) as {
      nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
    };
    const shown = nodes.filter(({ ignored, role }) => !ignored && ROLES.includes(role?.value ?? ""));
    expect(shown.length).toBeGreaterThan(15);
    expect(shown.filter(({ name }) => !name?.value).map(({ role }) => role!.value)).toEqual([]);
  });

  test.each(["light", "dark"])("fits a phone 360 pixels wide, %s", async (scheme) => {
    await using page = await openAdmin(PHONE);
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await createTenant(page, `phone-${scheme}`);
    await page.evaluate(`document.querySelector("details").open = true`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
    const small = await page.evaluate<string[]>(
      `[...document.querySelectorAll("button, input")].filter((e) => e.checkVisibility())
        .filter((e) => e.getBoundingClientRect().height < 39 || e.getBoundingClientRect().right > ${PHONE.width})
        .map((e) => e.outerHTML)`,
    );
    expect(small).toEqual([]);
    const ground = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe(scheme === "light" ? "rgb(246, 244, 239)" : "rgb(20, 23, 25)");
  });
});
