import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Peer, type PeerDescription, PeerMissingError, type PeerOptions } from "./peer.ts";
import type { PeerAnswer, PeerCall } from "./peer-messages.ts";

/** A peer in a process of its own, which with all it starts is bound to one processor core. */
export class PeerProcess implements Peer {
  readonly #module: string;
  readonly #options: PeerOptions;
  readonly #child: ChildProcess;

  /** `module`: path of a module that exports `createPeer`. `core` null: not bound. */
  constructor(module: string, options: PeerOptions, core: number | null) {
    this.#module = module;
    this.#options = options;
    const command = [process.execPath, join(import.meta.dirname, "peer-child.ts")];
    if (core !== null) command.unshift("taskset", "-c", String(core));
    // The benchmark's standard output is its result: whatever a peer prints goes to standard error.
    this.#child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", 2, 2, "ipc"] });
  }

  prepare(): Promise<PeerDescription> {
    return this.#ask({ call: "prepare", module: this.#module, options: this.#options });
  }

  prefill(tokens: number): Promise<number> {
    return this.#ask({ call: "prefill", tokens });
  }

  decode(tokens: number, context: number): Promise<number> {
    return this.#ask({ call: "decode", tokens, context });
  }

  async close(): Promise<void> {
    if (!this.#child.connected) return;
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
  }

  async #ask<T>(call: PeerCall): Promise<T> {
    if (!this.#child.connected) throw new Error(`the process of ${this.#module} has ended`);
    const settled = new AbortController();
    const answered = once(this.#child, "message", settled);
    const ended = once(this.#child, "exit", settled).then(([code, signal]) => {
      throw new Error(`the process of ${this.#module} ended during ${call.call} (code ${code}, signal ${signal})`);
    });
    this.#child.send(call);
    try {
      const [answer] = (await Promise.race([answered, ended])) as [PeerAnswer];
      if ("value" in answer) return answer.value as T;
      if (answer.missing) throw new PeerMissingError(answer.error);
      throw new Error(answer.error, { cause: answer.stack });
    } finally {
      settled.abort();
      // The loser of the race rejects with the abort; nobody waits for it.
      await Promise.allSettled([answered, ended]);
    }
  }
}

/** Whether processes can be bound to a core here; taskset is part of util-linux. */
export function canBindToCore(): boolean {
  return spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;
}
