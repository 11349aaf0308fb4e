import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { breakingProxy } from "./breaking-proxy.ts";
import { chromiumThere, openPage, type Page } from "./chromium.ts";
import { type LocalServer, startLocalServer } from "./local-server.ts";
import { expectContrast, expectNames, expectToFit } from "./page-checks.ts";

const PHONE = { width: 360, height: 740 };
/** Its answer takes over a hundred tokens. */
const LONG_QUESTION = "Tell me a story about a fox.";

describe.skipIf(!chromiumThere)("the chat page (needs Chromium, see CHROMIUM)", () => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await startLocalServer();
  });
  afterAll(() => server?.[Symbol.asyncDispose]());

  async function openChat({ url = server.url, ...size }: { url?: string; width?: number; height?: number } = {}) {
    const page = await openPage(size);
    await page.open(`${url}/#key=${server.key}`);
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
  const press = (page: Page, words: string) =>
    page.evaluate(
      `[...document.querySelectorAll("button")].find((b) => b.innerText === ${JSON.stringify(words)}).click()`,
    );
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
    // Pressed inside the page: from here it could come after the small model's last word.
    await page.evaluate(`new MutationObserver((_, observer) => {
      if (!document.querySelector(".answer .text")?.textContent) return;
      observer.disconnect();
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    }).observe(document.getElementById("conversation"), { subtree: true, childList: true, characterData: true })`);
    await ask(page, LONG_QUESTION);
    await answered(page, 1);
    expect(await textOf(page, ".figures span")).toMatch(/stopped$/);
    // Its place is free again at once.
    await page.until(
      `performance.getEntriesByType("resource").some((e) => e.name.endsWith("/cancel") && e.responseStatus === 200)`,
    );
    await set(page, { max_tokens: "5" });
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
    await press(page, "Try again");
    await page.until(`document.querySelector(".answer .text")?.innerText.includes("15")`);
    expect(await page.evaluate(`document.querySelectorAll(".failure").length`)).toBe(0);
  });

  test("sends every setting, and copies the request as a curl line that works, without the key", async () => {
    await using page = await openChat();
    await page.send("Browser.grantPermissions", { permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    const numbers = { temperature: "0.5", top_p: "0.9", top_k: "40", min_p: "0.05", max_tokens: "12", seed: "7" };
    await set(page, { ...numbers, system: "It's a 'quiz'.", "stop-strings": "zebra\n\\n\\n" });
    await ask(page, "What's the capital of Peru?");
    await answered(page, 1);
    await press(page, "Copy as curl");
    await page.until(`[...document.querySelectorAll("button")].some((b) => b.innerText === "Copied")`);
    const line = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(line).not.toContain(server.key);
    const [, body] = /-d '(.*)'$/s.exec(line.replaceAll("'\\''", "\u0000"))!;
    expect(JSON.parse(body!.replaceAll("\u0000", "'"))).toEqual({
      model: "lapidary-demo",
      messages: [
        { role: "system", content: "It's a 'quiz'." },
        { role: "user", content: "What's the capital of Peru?" },
      ],
      ...Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)])),
      stop: ["zebra", "\n\n"],
      stream: true,
    });
    const env = { ...process.env, LAPIDARY_KEY: server.key };
    const { stdout } = await promisify(execFile)("bash", ["-c", line.replace(/^curl /, "curl -s ")], { env });
    expect(stdout).toContain("data: [DONE]");
    expect(stdout).not.toContain('"error"');
  });

  test("goes on with an answer whose connection broke, as if nothing had happened", async () => {
    await using proxy = await breakingProxy(server.url);
    await using page = await openChat({ url: proxy.url });
    await page.evaluate(`window.breaks = 0; new MutationObserver(() => {
      if (document.getElementById("status").innerText.startsWith("The connection broke.")) window.breaks++;
    }).observe(document.getElementById("status"), { childList: true })`);
    proxy.breakAfter(5_000, 2);
    await ask(page, LONG_QUESTION);
    await answered(page, 1);
    expect(await page.evaluate("window.breaks")).toBe(2);
    const messages = [{ role: "user" as const, content: LONG_QUESTION }];
    const whole = await server.client.chat.completions.create({ model: "lapidary-demo", messages, temperature: 0 });
    const { content } = whole.choices[0]!.message;
    expect(content!.length).toBeGreaterThan(300);
    expect(await page.evaluate(`document.querySelector(".answer .text").textContent`)).toBe(content);
  });

  test("shows where the time of an answer went, and the hops of its tokens", async () => {
    await using page = await openChat();
    await ask(page, "What is 7 + 8?");
    await answered(page, 1);
    await page.evaluate(`document.querySelector(".timing summary").click()`);
    const rows = await page.evaluate<string[][]>(
      `[...document.querySelectorAll(".timing tbody tr")].map(({ cells }) => [...cells].map(({ innerText }) => innerText))`,
    );
    expect(rows.map(([name]) => name)).toEqual([
      "Waiting for a place",
      "Reading the prompt",
      "Writing the answer",
      "Further rounds of sampling",
      "Between the steps",
      "Gateway, network and this page",
      "Of these, under way",
    ]);
    for (const row of rows) expect(row.slice(1).join(", ")).toMatch(/^[\d,.]+ ms, \d+ %$/);
    expect(await page.evaluate(`document.querySelector(".timing svg").getAttribute("aria-label")`)).toMatch(
      /^[\d,.]+ ms in all, most of it: /,
    );
    expect(await textOf(page, ".timing p")).toMatch(/^A token makes 5 hops: /);
    expect(await page.evaluate(`document.querySelectorAll(".way .part").length`)).toBe(4);
  });

  test("in development shows the pipeline as it is; Escape closes it", async () => {
    await using page = await openChat();
    await press(page, "Pipeline");
    await page.until(`document.querySelectorAll("#pipeline .part").length === 6`);
    for (const part of ["Conductor", "Stage 2, replica 0", "Vocabulary shard 1"])
      expect(await textOf(page, "#pipeline")).toContain(part);
    expect(await page.evaluate("document.activeElement.id")).toBe("pipeline");
    await page.press("Escape");
    expect(
      await page.evaluate(`[document.getElementById("pipeline").hidden, document.activeElement.innerText]`),
    ).toEqual([true, "Pipeline"]);
    expect(page.problems).toEqual([]);
  });

  test("has a name for everything a screen reader can act on, text that can be read, and tells answers once", async () => {
    await using page = await openChat();
    await ask(page, "What is the capital of Peru?");
    await answered(page, 1);
    await page.evaluate(`document.querySelector(".timing summary").click()`);
    for (const panel of ["Settings", "Pipeline"]) {
      await press(page, panel);
      await page.until(`document.querySelectorAll(".panel:not([hidden]) :is(input, .part)").length > 0`);
      await expectNames(page, 12);
      await expectContrast(page);
    }
    const { nodes } = (await page.send("Accessibility.getFullAXTree")) as { nodes: { role?: { value: string } }[] };
    expect(nodes.filter(({ role }) => role?.value === "status")).toHaveLength(1);
    expect(await page.evaluate(`document.querySelector("[aria-live=polite]").textContent`)).toContain("Lima");
  });

  test("fits a phone 360 pixels wide, with targets for a thumb", async () => {
    await using page = await openChat(PHONE);
    await ask(page, "What is the capital of Peru?");
    await answered(page, 1);
    await page.evaluate(`document.querySelector(".timing summary").click()`);
    await expectToFit(page, PHONE.width);
    for (const panel of ["Settings", "Pipeline"]) {
      await press(page, panel);
      await expectToFit(page, PHONE.width);
      // What lies under it is not reached by the keyboard either.
      expect(await page.evaluate(`document.querySelector("main").inert`)).toBe(true);
      await page.press("Escape");
      expect(await page.evaluate(`document.querySelector("main").inert`)).toBe(false);
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
