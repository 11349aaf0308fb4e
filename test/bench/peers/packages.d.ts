/*
 * What this benchmark uses of the peers' packages, declared here so that the project's type check passes where they
 * are not installed.
 */

declare module "node-llama-cpp" {
  export interface LlamaContext {
    /** The native context, one call a llama.cpp call; internal to the package, whose version is pinned. */
    readonly _ctx: {
      initBatch(tokens: number): void;
      addToBatch(sequence: number, position: number, ids: Uint32Array, logitsWanted: Uint32Array): Uint32Array;
      decodeBatch(): Promise<void>;
      removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
    };
    dispose(): Promise<void>;
  }
  export interface LlamaModel {
    createContext(options: { contextSize: number; batchSize: number; threads: number }): Promise<LlamaContext>;
    dispose(): Promise<void>;
  }
  export interface Llama {
    readonly systemInfo: string;
    readonly llamaCppRelease: { readonly release: string };
    loadModel(options: { modelPath: string; gpuLayers: number }): Promise<LlamaModel>;
    dispose(): Promise<void>;
  }
  export function getLlama(options: {
    gpu: false;
    build: "never";
    skipDownload: true;
    maxThreads: number;
    logLevel: "error";
  }): Promise<Llama>;
}

declare module "playwright-core" {
  export interface Page {
    goto(url: string): Promise<unknown>;
    evaluate<Argument, Result>(script: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result>;
  }
  export interface BrowserContext {
    newPage(): Promise<Page>;
    browser(): { version(): string } | null;
    close(): Promise<void>;
  }
  export const chromium: {
    launchPersistentContext(
      userDataFolder: string,
      options: { executablePath: string; headless: boolean; args: string[] },
    ): Promise<BrowserContext>;
  };
}
