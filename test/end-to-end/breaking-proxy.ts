import { connect, createServer, type Socket } from "node:net";

/** A way to a server that breaks when it is told to. */
export interface BreakingProxy extends AsyncDisposable {
  readonly url: string;
  /** Breaks a connection as soon as so many bytes came back from now on, as often as asked. */
  breakAfter(bytes: number, times: number): void;
}

/** Passes what comes on to `url` and back, byte for byte. */
export async function breakingProxy(url: string): Promise<BreakingProxy> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let [limitBytes, passedBytes, left] = [0, 0, 0];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        other.destroySoon();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (bytes) => {
      const room = limitBytes - passedBytes;
      passedBytes += bytes.length;
      if (left === 0 || passedBytes < limitBytes) {
        client.write(bytes);
        return;
      }
      left--;
      passedBytes = 0;
      client.end(bytes.subarray(0, room));
      upstream.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    breakAfter(bytes, times) {
      [limitBytes, passedBytes, left] = [bytes, 0, times];
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
