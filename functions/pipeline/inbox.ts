/**
 * Works tasks off in order, one at a time. A message handler that awaits was seen to reorder messages, so handlers only
 * `push` and this loop does the waiting.
 */
export class Inbox {
  readonly #tasks: (() => Promise<void>)[] = [];
  #running = false;

  /** The task reports its own failures; it must not reject. */
  push(task: () => Promise<void>): void {
    this.#tasks.push(task);
    if (!this.#running) void this.#run();
  }

  /** Runs `task` in its turn and settles like it. */
  run<Value>(task: () => Promise<Value> | Value): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    this.push(async () => {
      try {
        resolve(await task());
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
        await task();
        // Sockets send between tasks: without this pause a result would wait for everything queued behind it.
        if (this.#tasks.length > 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
      }
    } finally {
      this.#running = false;
    }
  }
}
