import { createReadStream, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PEERS_FOLDER } from "./installed-package.ts";

const PACKAGE = join(PEERS_FOLDER, "node_modules/@wllama/wllama/esm");

/** Serves an empty page, wllama's single-thread build and the model to a browser on this machine. */
export class WllamaServer {
  readonly #server: Server;

  constructor(gguf: string) {
    const files: Record<string, { readonly path: string; readonly type: string }> = {
      "/wllama.js": { path: join(PACKAGE, "index.js"), type: "text/javascript" },
      "/wllama.wasm": { path: join(PACKAGE, "single-thread/wllama.wasm"), type: "application/wasm" },
      "/model.gguf": { path: gguf, type: "application/octet-stream" },
    };
    this.#server = createServer(({ url }, response) => {
      if (url === "/") {
        response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>wllama</title>");
        return;
      }
      const file = files[url ?? ""];
      if (!file) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { "content-type": file.type, "content-length": statSync(file.path).size });
      createReadStream(file.path).pipe(response);
    });
  }

  /** Listens on a free port of the loopback interface; returns the page's address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
