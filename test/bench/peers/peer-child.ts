/** The process a peer runs in: obeys the calls that come over Node's IPC channel. Started by peer-process.ts. */
import { pathToFileURL } from "node:url";
import { type Peer, PeerMissingError, type PeerModule } from "./peer.ts";
import type { PeerAnswer, PeerCall } from "./peer-messages.ts";

let peer: Peer | undefined;

async function obey(message: PeerCall): Promise<unknown> {
  if (message.call === "prepare") {
    const module = (await import(pathToFileURL(message.module).href)) as PeerModule;
    peer = module.createPeer(message.options);
    return peer.prepare();
  }
  if (!peer) throw new Error(`${message.call} before prepare`);
  switch (message.call) {
    case "prefill":
      return peer.prefill(message.tokens);
    case "decode":
      return peer.decode(message.tokens, message.context);
  }
}

async function answer(message: PeerCall): Promise<PeerAnswer> {
  try {
    return { value: await obey(message) };
  } catch (error) {
    const { message: text, stack } = error as Error;
    return { error: text, stack, missing: error instanceof PeerMissingError };
  }
}

if (!process.send) throw new Error("peer-child.ts is started by peer-process.ts, not by hand");
process.on("message", async (message: PeerCall) => {
  const reply = await answer(message);
  if (process.connected) process.send!(reply);
});
// The benchmark closed the peer or is gone: a browser must not outlive it.
process.on("disconnect", async () => {
  await peer?.close().catch(() => {});
  process.exit();
});
