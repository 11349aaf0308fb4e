import { expect } from "vitest";
import type { Page } from "./chromium.ts";

/** What a screen reader can act on, or reads as a thing of its own. */
const ROLES = [
  "button",
  "checkbox",
  "combobox",
  "Date",
  "DateTime",
  "DisclosureTriangle",
  "form",
  "image",
  "img",
  "link",
  "meter",
  "spinbutton",
  "table",
  "textbox",
];
/** As WCAG 2.2 asks of text at level AA, of any size. */
const MIN_CONTRAST = 4.5;
/** A little under the 40 of the style, for what browsers round. */
const MIN_TARGET_PIXELS = 39;

/** Expects that everything a screen reader acts on has a name, and that there are at least so many of them. */
export async function expectNames(page: Page, least: number): Promise<void> {
  const { nodes } = (await page.send("Accessibility.getFullAXTree")) as {
    nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
  };
  const shown = nodes.filter(({ ignored, role }) => !ignored && ROLES.includes(role?.value ?? ""));
  expect(shown.length).toBeGreaterThanOrEqual(least);
  expect(shown.filter(({ name }) => !name?.value).map(({ role }) => role!.value)).toEqual([]);
}

/** Expects that nothing lies beside a page of this width, and that what is pressed is large enough for a thumb. */
export async function expectToFit(page: Page, width: number): Promise<void> {
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  const misfits = await page.evaluate<string[]>(
    `[...document.querySelectorAll("button, input, textarea, select, summary")].filter((e) => e.checkVisibility())
      .filter((e) => e.getBoundingClientRect().height < ${MIN_TARGET_PIXELS} || e.getBoundingClientRect().right > ${width})
      .map((e) => e.outerHTML)`,
  );
  expect(misfits).toEqual([]);
}

/** Expects that every text can be told from its ground, in the light and in the dark. */
export async function expectContrast(page: Page): Promise<void> {
  for (const value of ["light", "dark"]) {
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    const found = await page.evaluate<{ texts: number; faint: string[] }>(`(${CONTRASTS})(${MIN_CONTRAST})`);
    expect(found.texts).toBeGreaterThan(5);
    expect(found.faint).toEqual([]);
  }
}

/** Runs in the page: texts whose contrast with their ground is too low. What is disabled may be faint. */
const CONTRASTS = String.raw`(least) => {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (shown) => {
    const { backgroundColor } = getComputedStyle(shown);
    return numbers(backgroundColor)[3] === 0 ? groundOf(shown.parentElement) : backgroundColor;
  };
  const found = { texts: 0, faint: [] };
  const check = (shown, { color }) => {
    if (!shown.checkVisibility() || shown.closest(":disabled, noscript")) return;
    found.texts++;
    const [dark, bright] = [luminance(color), luminance(groundOf(shown))].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < least) found.faint.push(contrast.toFixed(2) + " " + shown.outerHTML.slice(0, 200));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.trim() !== "") check(node.parentElement, getComputedStyle(node.parentElement));
  for (const input of document.querySelectorAll("input, textarea")) check(input, getComputedStyle(input, "::placeholder"));
  return found;
}`;
