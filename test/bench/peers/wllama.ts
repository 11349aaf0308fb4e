import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { installedVersion } from "./installed-package.ts";
import { MAX_BATCH_TOKENS, MeasuredSequence, type Sequence } from "./measured-sequence.ts";
import { type Peer, type PeerDescription, PeerMissingError, type PeerOptions } from "./peer.ts";
import { WllamaServer } from "./wllama-server.ts";

/** A browser's ArrayBuffer, which wllama reads a file through, holds no more. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** The first batches run on V8's baseline compiler. */
const WARM_UP_TOKENS = 16;
const BROWSER_SWITCHES = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What the page keeps between calls: wllama's object, of which these methods are used. */
interface WllamaPage {
  wllama: {
    loadModel(files: Blob[], options: { n_ctx: number; n_batch: number; n_threads: number }): Promise<void>;
    isMultithread(): boolean;
    decode(ids: readonly number[], options: object): Promise<unknown>;
    kvClear(): Promise<void>;
    kvRemove(keptTokens: number, discardedTokens: number): Promise<void>;
  };
}

/** llama.cpp as WASM SIMD128 in Chromium: wllama's single-thread build. */
class Wllama implements Peer, Sequence {
  readonly #options: PeerOptions;
  readonly #measured: MeasuredSequence;
  #server: WllamaServer | undefined;
  #profileFolder: string | undefined;
  #browser: BrowserContext | undefined;
  #page: Page | undefined;
  #position = 0;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#measured = new MeasuredSequence(this, options.vocabSize);
  }

  async prepare(): Promise<PeerDescription> {
    const version = installedVersion("@wllama/wllama");
    const { gguf, chromium: executablePath } = this.#options;
    installedVersion("playwright-core");
    if (!existsSync(executablePath))
      throw new PeerMissingError(`no browser at ${executablePath}; on Debian \`apt-get install chromium\``);
    const { size } = statSync(gguf);
    if (size > MAX_FILE_BYTES)
      throw new Error(`${gguf} has ${size} bytes, wllama reads at most ${MAX_FILE_BYTES}; measure fewer layers`);

    this.#server = new WllamaServer(gguf);
    const address = await this.#server.listen();
    this.#profileFolder = mkdtempSync(join(tmpdir(), "lapidary-chromium-"));
    const { chromium } = await import("playwright-core");
    this.#browser = await chromium.launchPersistentContext(this.#profileFolder, {
      executablePath,
      headless: true,
      args: BROWSER_SWITCHES,
    });
    this.#page = await this.#browser.newPage();
    await this.#page.goto(address);
    await this.#page.evaluate(loadInPage, { n_ctx: this.#options.contextTokens, n_batch: MAX_BATCH_TOKENS });
    await this.prefill(WARM_UP_TOKENS);
    await this.decode(4, WARM_UP_TOKENS);
    return {
      version: `@wllama/wllama ${version}`,
      detail: `single thread, Chromium ${this.#browser.browser()?.version() ?? "of unknown version"}`,
    };
  }

  prefill(tokens: number): Promise<number> {
    return this.#measured.prefill(tokens);
  }

  decode(tokens: number, context: number): Promise<number> {
    return this.#measured.decode(tokens, context);
  }

  async evaluate(batches: readonly (readonly number[])[]): Promise<number> {
    const ms = await this.#page!.evaluate(evaluateInPage, batches);
    this.#position += batches.reduce((sum, ids) => sum + ids.length, 0);
    return ms;
  }

  async truncate(tokens: number): Promise<void> {
    await this.#page!.evaluate(truncateInPage, [tokens, this.#position - tokens] as const);
    this.#position = tokens;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    this.#server?.close();
    if (this.#profileFolder) rmSync(this.#profileFolder, { recursive: true, force: true });
  }
}

// The functions below run in the page: they are sent there as text and may use nothing of this module.

async function loadInPage(options: { n_ctx: number; n_batch: number }): Promise<void> {
  const library = "/wllama.js";
  const { Wllama: WllamaClass } = await import(library);
  const wllama: WllamaPage["wllama"] = new WllamaClass(
    { "single-thread/wllama.wasm": "/wllama.wasm" },
    { suppressNativeLog: true },
  );
  const model = await (await fetch("/model.gguf")).blob();
  await wllama.loadModel([model], { ...options, n_threads: 1 });
  if (wllama.isMultithread()) throw new Error("wllama chose its multi-thread build");
  (globalThis as unknown as WllamaPage).wllama = wllama;
}

async function evaluateInPage(batches: readonly (readonly number[])[]): Promise<number> {
  const { wllama } = globalThis as unknown as WllamaPage;
  const started = performance.now();
  for (const ids of batches) await wllama.decode(ids, {});
  return performance.now() - started;
}

async function truncateInPage([kept, discarded]: readonly [number, number]): Promise<void> {
  const { wllama } = globalThis as unknown as WllamaPage;
  if (kept === 0) await wllama.kvClear();
  else await wllama.kvRemove(kept, discarded);
}

export const createPeer = (options: PeerOptions): Peer => new Wllama(options);
