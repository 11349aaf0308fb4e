import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumThere, openPage, type Page } from "./chromium.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";

const PHONE = { width: 360, height: 740 };

/** What a screen reader can act on. */
const ROLES = ["button", "textbox", "combobox", "link", "spinbutton", "form", "img"];

describe.skipIf(!chromiumThere)("the chat page (needs Chromium, see CHROMIUM)", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function openChat(size = {}): Promise<Page> {
    const page = await openPage(size);
    await page.open(`${server.url}/#key=${server.key}`);
    await page.until(`!document.getElementById("prompt").disabled`);
    await set(page, { temperature: "0" });
    return page;
  }

  const set = (page: Page, fields: Record<string, string>) =>
    page.evaluate(
      `Object.entries(${JSON.stringify(fields)}).forEach(([id, text]) => { document.getElementById(id).value = text; })`,
    );
  async function ask(page: Page, text: string) {
    await page.evaluate(`document.getElementById("prompt").focus()`);
    await page.type(text);
    await page.press("Enter");
  }
  const answered = (page: Page, count: number) =>
    page.until(`document.querySelectorAll(".figures").length === ${count}`);
  const textOf = (page: Page, selector: string) =>
    page.evaluate<string>(`[...document.querySelectorAll(${JSON.stringify(selector)})].at(-1).innerText`);

  test("holds a conversation from the keyboard, and the key leaves the address", async () => {
    await using page = await openChat();
    expect(await page.evaluate("location.href")).toBe(`${server.url}/`);
    await ask(page, "What is the capital of Peru?");
    await answered(page, 1);
    expect(await textOf(page, ".answer .text")).toContain("Lima");
    expect(await textOf(page, ".figures span")).toMatch(/^19 \+ 10 tokens · first after \d+ ms/);
    expect(await textOf(page, "#status")).toMatch(/of 200,000 tokens left this minute$/);
    await ask(page, "What is 7 + 8?");
    await answered(page, 2);
    expect(await textOf(page, ".answer .text")).toContain("15");
    expect(await textOf(page, ".figures span")).toMatch(/^[4-9]\d \+ \d+ tokens/);
    expect(page.problems).toEqual([]);
  });

  test("text is text alone, whoever wrote it", async () => {
    await using page = await openChat();
    await ask(page, "<img src=x onerror='window.ran = 1'><b>bold</b>");
    await answered(page, 1);
    expect(await textOf(page, ".question .text")).toContain("<b>bold</b>");
    expect(await page.evaluate(`document.querySelectorAll("#conversation :is(img, b)").length`)).toBe(0);
    expect(await page.evaluate("window.ran")).toBeUndefined();
  });

  test("stops an answer with Escape and keeps what was said", async () => {
    await using page = await openChat();
    // Hot, with a seed whose answer never ends by itself.
    await set(page, { temperature: "2", top_p: "1", top_k: "0", seed: "13", max_tokens: "480" });
    // Pressed inside the page: from here it could come after the small model's last word.
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!document.querySelector(".answer .text")?.textContent) return;
      observer.disconnect();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    }).observe(document.getElementById("conversation"), { subtree: true, childList: true, characterData: true })`);
    await ask(page, "Go on");
    await answered(page, 1);
    expect(await textOf(page, ".figures span")).toMatch(/stopped$/);
    await set(page, { temperature: "0", seed: "", max_tokens: "5" });
    await ask(page, "What is 7 + 8?");
    await answered(page, 2);
    expect(await textOf(page, ".figures span")).toMatch(/cut at its longest$/);
  });

  test("shows errors in the API's own words, and tries again", async () => {
    await using page = await openChat();
    await set(page, { max_tokens: "5000" });
    await ask(page, "What is 7 + 8?");
    await answered(page, 1);
    expect(await textOf(page, ".failure")).toMatch(
      /^This model's maximum context length is 512 tokens.*\s+400 context_length_exceeded$/,
    );
    await set(page, { max_tokens: "" });
    await page.evaluate(`[...document.querySelectorAll("button")].find((b) => b.innerText === "Try again").click()`);
    await page.until(`document.querySelector(".answer .text")?.innerText.includes("15")`);
    expect(await page.evaluate(`document.querySelectorAll(".failure").length`)).toBe(0);
  });

  test("copies a request as a curl line that works, without the key", async () => {
    await using page = await openChat();
    await page.send("Browser.grantPermissions", { permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    await set(page, { system: "It's a 'quiz'." });
    await ask(page, "What's the capital of Peru?");
    await answered(page, 1);
    await page.evaluate(`[...document.querySelectorAll("button")].find((b) => b.innerText === "Copy as curl").click()`);
    await page.until(`[...document.querySelectorAll("button")].some((b) => b.innerText === "Copied")`);
    const line = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(line).not.toContain(server.key);
    const env = { ...process.env, LAPIDARY_KEY: server.key };
    const { stdout } = await promisify(execFile)("bash", ["-c", line.replace(/^curl /, "curl -s ")], { env });
    expect(stdout).toContain("data: [DONE]");
    expect(stdout).not.toContain('"error"');
  });

  test("has a name for everything a screen reader can act on, and one live region", async () => {
    await using page = await openChat();
    await ask(page, "What is 7 + 8?");
    await answered(page, 1);
    await page.evaluate(`document.getElementById("settings-toggle").click()`);
    const { nodes } = (await page.send("Accessibility.getFullAXTree")) as {
      nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
    };
    const shown = nodes.filter(({ ignored, role }) => !ignored && ROLES.includes(role?.value ?? ""));
    expect(shown.length).toBeGreaterThan(12);
    expect(shown.filter(({ name }) => !name?.value).map(({ role }) => role!.value)).toEqual([]);
    expect(nodes.filter(({ role }) => role?.value === "status")).toHaveLength(1);
  });

  test("fits a phone 360 pixels wide, with targets for a thumb", async () => {
    await using page = await openChat(PHONE);
    await ask(page, "What is the capital of Peru?");
    await answered(page, 1);
    for (const _ of ["closed", "open"]) {
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
      const small = await page.evaluate<string[]>(
        `[...document.querySelectorAll("button, input, textarea")].filter((e) => e.checkVisibility())
          .filter((e) => e.getBoundingClientRect().height < 39 || e.getBoundingClientRect().right > ${PHONE.width})
          .map((e) => e.outerHTML)`,
      );
      expect(small).toEqual([]);
      await page.evaluate(`document.getElementById("settings-toggle").click()`);
    }
  });

  test("asks for a key without one, and says when it is wrong", async () => {
    await using page = await openPage();
    await page.open(server.url);
    await page.until(`document.activeElement?.id === "key"`);
    await page.type("lap_wrong");
    await page.press("Enter");
    await page.until(`document.getElementById("status").innerText.startsWith("Incorrect API key.")`);
    await page.type(server.key);
    await page.press("Enter");
    await page.until(`!document.getElementById("prompt").disabled`);
    await page.send("Page.reload");
    await page.until(`document.activeElement?.id === "prompt"`);
  });

  test("the reference opens without a complaint and fits a phone", async () => {
    await using page = await openPage(PHONE);
    await page.open(`${server.url}/docs`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.width);
    expect(page.problems).toEqual([]);
  });
});
