import type { Kernels } from "../../../../runtime/simd/kernels.ts";

type Call = (...args: readonly number[]) => number;

/** Keeps the kernel calls made while `record` runs, to make them again without the executor. */
export class CallRecorder {
  readonly #kernels: { readonly bound: Record<string, Call>; readonly originals: Readonly<Record<string, Call>> }[] =
    [];

  /** Outside of `record` the kernels are called directly, as the executor always does. */
  wrap(kernels: Kernels): Kernels {
    const entries = Object.entries(kernels).filter(([, value]) => typeof value === "function");
    const originals = Object.fromEntries(entries) as Record<string, Call>;
    const bound = { ...originals };
    this.#kernels.push({ bound, originals });
    return bound as unknown as Kernels;
  }

  /** The calls that `work` makes, in order. */
  async record(work: () => Promise<void>): Promise<(() => void)[]> {
    const calls: (() => void)[] = [];
    for (const { bound, originals } of this.#kernels)
      for (const [name, call] of Object.entries(originals))
        bound[name] = (...args) => {
          calls.push(() => call(...args));
          return call(...args);
        };
    try {
      await work();
    } finally {
      for (const { bound, originals } of this.#kernels) Object.assign(bound, originals);
    }
    return calls;
  }
}
