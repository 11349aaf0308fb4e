import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const chromiumThere = existsSync(CHROMIUM);

const WAIT_LIMIT_MS = 20_000;
const ASK_AGAIN_MS = 50;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, never>;
  readonly result?: Record<string, unknown>;
  readonly error?: { message: string };
}

/** One page of a headless Chromium, driven over its DevTools protocol. */
export interface Page extends AsyncDisposable {
  /** What the page wrote to the console as an error, and exceptions nobody caught. */
  readonly problems: readonly string[];
  send(method: string, params?: object): Promise<Record<string, unknown>>;
  open(url: string): Promise<void>;
  /** The value of an expression, awaited when it is a promise. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  /** A key of the keyboard: "Enter", "Tab", "Escape". */
  press(key: string): Promise<void>;
  type(text: string): Promise<void>;
}

/** Starts a Chromium with a profile of its own and opens an empty page. */
export async function openPage({ width = 1280, height = 800 } = {}): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), "lapidary-chromium-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--no-first-run"];
  const chromium = spawn(CHROMIUM, [...flags, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => chromium.once("exit", () => resolve()));
  const browserUrl = await new Promise<string>((resolve, reject) => {
    let printed = "";
    chromium.once("error", reject).once("exit", () => reject(new Error(`Chromium did not start:\n${printed}`)));
    chromium.stderr.on("data", (text) => {
      printed += text;
      const url = /DevTools listening on (ws:\S+)/.exec(printed)?.[1];
      if (url) resolve(url);
    });
  });
  const targets = (await (await fetch(`http://${new URL(browserUrl).host}/json/list`)).json()) as Record<
    string,
    string
  >[];
  const socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl!);
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));

  const waiting = new Map<number, (reply: Reply) => void>();
  const problems: string[] = [];
  let nextId = 1;
  socket.addEventListener("message", ({ data }) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    else if (reply.method === "Runtime.exceptionThrown") problems.push(JSON.stringify(reply.params));
    else if (reply.method === "Log.entryAdded" && JSON.stringify(reply.params).includes('"level":"error"'))
      problems.push(JSON.stringify(reply.params));
  });

  const send: Page["send"] = async (method, params = {}) => {
    const id = nextId++;
    const reply = await new Promise<Reply>((resolve) => {
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ id, method, params }));
    });
    waiting.delete(id);
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  };
  const evaluate = async <Value>(expression: string): Promise<Value> => {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = (await send("Runtime.evaluate", options)) as {
      result: { value: Value };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  };
  const until = async (expression: string) => {
    const limitMs = Date.now() + WAIT_LIMIT_MS;
    while (!(await evaluate<boolean>(expression))) {
      if (Date.now() > limitMs) throw new Error(`not true within ${WAIT_LIMIT_MS} ms: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  };
  for (const domain of ["Page", "Runtime", "Log", "Accessibility"]) await send(`${domain}.enable`);
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });

  return {
    problems,
    send,
    evaluate,
    until,
    async open(url) {
      await send("Page.navigate", { url });
      await until(`location.href !== "about:blank" && document.readyState === "complete"`);
    },
    async press(key) {
      const text = key === "Enter" ? { text: "\r" } : {};
      const codes: Record<string, number> = { Enter: 13, Tab: 9, Escape: 27 };
      const event = { key, code: key, windowsVirtualKeyCode: codes[key] };
      await send("Input.dispatchKeyEvent", { type: "keyDown", ...event, ...text });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    async type(text) {
      await send("Input.insertText", { text });
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      chromium.kill("SIGKILL");
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
