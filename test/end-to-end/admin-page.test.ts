import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localAdminKey } from "../../cli/local-admin-key.ts";
import { chromiumThere, openPage, type Page } from "./chromium.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { expectContrast, expectNames, expectToFit } from "./page-checks.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const PHONE = { width: 360, height: 740 };
const DAY_MS = 86_400_000;

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
  const openAll = (page: Page) =>
    page.evaluate(`document.querySelectorAll("details").forEach((details) => { details.open = true; })`);
  const fill = (page: Page, selector: string, value: string) =>
    page.evaluate(`(() => {
      const field = document.querySelector(${JSON.stringify(selector)});
      field.value = ${JSON.stringify(value)};
      field.dispatchEvent(new Event("input"));
    })()`);
  const shows = (page: Page, text: string) =>
    page.until(`document.getElementById("tenant").innerText.includes(${JSON.stringify(text)})`);
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
    await shows(page, "1 that let nobody in any more");
    expect(await modelsStatus(second)).toBe(401);

    await page.evaluate(`document.querySelector("[aria-label^='Rotation of '] button").click()`);
    await page.until(`document.querySelector(".secret code")?.innerText !== ${JSON.stringify(second)}`);
    expect(await modelsStatus(await textOf(page, ".secret code"))).toBe(200);
    expect(page.problems).toEqual([]);
  });

  test("shows limits against use, refusals and usage of a tenant, and changes a limit", async () => {
    await using page = await openAdmin();
    const key = await createTenant(page, "busy");
    expect((await ask(key, { max_tokens: 3 })).status).toBe(200);
    await page.evaluate(`document.querySelector("[name=requestsPerMinute]").value = "1"`);
    await page.evaluate(`document.querySelector("#tenant summary").click()`);
    await page.evaluate(`document.querySelector("[aria-label=Limits] button").focus()`);
    await page.press("Enter");
    await page.until(`document.querySelector("#tenant .cards").innerText.includes("1 of 1")`);
    // Everything is shown anew: what was open and what had the focus are as they were.
    expect(await page.evaluate("document.activeElement.innerText")).toBe("Change the limits");
    expect(await textOf(page, "#done")).toBe("Changed.");
    expect((await ask(key, { max_tokens: 3 })).status).toBe(429);
    await press(page, "busy");
    await page.until(`/requests/.test([...document.querySelectorAll("#tenant dl")].at(-1)?.innerText ?? "")`);
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
    await page.until(`document.getElementById("status").innerText.startsWith("Incorrect admin key.")`);
    expect(await textOf(page, "#status")).toMatch(/\s401 invalid_admin_key$/);
  });

  test("raises limits until a moment, shows that, and ends it", async () => {
    await using page = await openAdmin();
    await createTenant(page, "raised");
    await fill(page, "[aria-label=Raise] [name=requestsPerMinute]", "500");
    await fill(
      page,
      "[aria-label=Raise] [type=datetime-local]",
      new Date(Date.now() + DAY_MS).toISOString().slice(0, 16),
    );
    await press(page, "Raise them");
    await shows(page, "requests a minute 500");
    expect(await textOf(page, "#tenant .cards")).toContain("0 of 500");
    await press(page, "End the raise");
    await page.until(`document.querySelector("#tenant .cards").innerText.includes("0 of 60")`);
    await fill(page, "[aria-label=Raise] [name=requestsPerMinute]", "2000000");
    await fill(page, "[aria-label=Raise] [type=datetime-local]", "2099-01-01T00:00");
    await press(page, "Raise them");
    await page.until(`document.getElementById("status").innerText !== ""`);
    expect(await textOf(page, "#status")).toMatch(/^raise.*\s400 invalid_value$/s);
  });

  test("gives models other names, and says which line is none", async () => {
    await using page = await openAdmin();
    const key = await createTenant(page, "named");
    const names = `[aria-label="Other names for models"] textarea`;
    await fill(page, names, "small = lapidary-demo\nlarge");
    expect(await page.evaluate(`document.querySelector(${JSON.stringify(names)}).validationMessage`)).toBe(
      'Expected name = model, found "large".',
    );
    await fill(page, names, "small = lapidary-demo");
    await press(page, "Change the names");
    await shows(page, "Other names for models: small");
    expect((await ask(key, { model: "small", max_tokens: 2 })).status).toBe(200);
  });

  test("gives a key limits and a budget of its own, and warns when it has used nearly all", async () => {
    await using page = await openAdmin();
    const key = await createTenant(page, "careful");
    const limits = `[aria-label^="Limits of "]`;
    await fill(page, `${limits} [name=tokensPerDay]`, "30");
    await fill(page, `${limits} [name=budgetMicrosPerMonth]`, "12.5");
    await fill(page, `${limits} input`, "robot");
    await page.evaluate(`document.querySelector('${limits} button').click()`);
    await page.until(`document.querySelector(".keys .cards")?.innerText.includes("0 of 12.5")`);
    // 20 tokens of prompt and 5 of answer.
    expect((await ask(key, { messages: [{ role: "user", content: "What is 7 + 8?" }], max_tokens: 8 })).status).toBe(
      200,
    );
    await press(page, "careful");
    await shows(page, "% of tokens a day of key robot: ");
    expect(await textOf(page, "#tenant .failure")).toMatch(
      /^Over (80|95) % of tokens a day of key robot: \d+ of 30\.$/,
    );
    await openAll(page);
    expect(
      await page.evaluate(`document.querySelector("${limits.replaceAll('"', "'")} [name=budgetMicrosPerMonth]").value`),
    ).toBe("12.5");
  });

  test("gives usage as files", async () => {
    await using page = await openAdmin();
    const key = await createTenant(page, "counted");
    expect((await ask(key, { max_tokens: 3, user: "ann" })).status).toBe(200);
    await press(page, "counted");
    await page.until(`document.querySelector("#tenant table") !== null`);
    expect(await textOf(page, "#tenant tbody th")).toMatch(/^lapidary-demo, key_/);
    await using folder = await temporaryFolder();
    await page.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder.path });
    await press(page, "CSV by day");
    const [day, users] = [`usage-counted-`, `users-counted-`].map((name) => () => folder.text(name));
    expect(await day!()).toMatch(/^day,model,key,requests,.*\r\n.*,lapidary-demo,key_.*,1,/);
    await press(page, "CSV by user");
    expect(await users!()).toMatch(/^day,user,.*\r\n.*,"ann",1,/);
    expect(page.problems).toEqual([]);
  });

  test("adds a replica, drains it, and tells who did what", async () => {
    await using page = await openAdmin();
    await page.until(`document.getElementById("replicas").innerText.startsWith("1 replica ")`);
    await press(page, "Add a replica of each stage");
    await page.until(`document.getElementById("pipeline").innerText.includes("Stage 2, replica 1")`);
    expect(await textOf(page, "#replicas")).toMatch(/^2 replicas of each stage serve\./);
    await press(page, "Take a replica of each stage away");
    await page.until(`!document.getElementById("pipeline").innerText.includes("replica 1")`);
    await press(page, "As many replicas as configured");
    await page.evaluate(`document.querySelector("#audit > summary").click()`);
    await page.until(`document.querySelectorAll("#audit li").length >= 3`);
    const entries = await page.evaluate<string[]>(
      `[...document.querySelectorAll("#audit li")].map((li) => li.innerText)`,
    );
    for (const replicas of [`"configured"`, "1", "2"])
      expect(entries.some((entry) => /answered 200/.test(entry) && entry.includes(`{"replicas":${replicas}}`))).toBe(
        true,
      );
    expect(page.problems).toEqual([]);
  });

  test("has a name for everything a screen reader can act on, and text that can be read", async () => {
    await using page = await openAdmin();
    await createTenant(page, "spoken");
    await openAll(page);
    await page.until(`document.querySelectorAll("#audit li").length > 0`);
    await expectNames(page, 60);
    await expectContrast(page);
  });

  test("fits a phone 360 pixels wide", async () => {
    await using page = await openAdmin(PHONE);
    const key = await createTenant(page, "phone");
    expect((await ask(key, { max_tokens: 3 })).status).toBe(200);
    await press(page, "phone");
    await page.until(`document.querySelector("#tenant table") !== null`);
    await openAll(page);
    await page.until(`document.querySelectorAll("#audit li").length > 0`);
    await expectToFit(page, PHONE.width);
  });
});
