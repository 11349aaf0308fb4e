import type { Kernels } from "../../../runtime/simd/kernels.ts";

/** One kernel call; products and quantisation are told apart by their sizes. */
export interface TimedCall {
  readonly kernel: string;
  readonly ms: number;
  /** What passed since the call before, or since `begin`: the executor's own time. */
  readonly beforeMs: number;
}

type Call = (...args: readonly number[]) => number;

/** Kernels that keep how long each call took, by a clock of milliseconds. */
export class TimedKernels {
  readonly #now: () => number;
  #calls: TimedCall[] = [];
  #lastMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  wrap(kernels: Kernels): Kernels {
    const timed = Object.entries(kernels).filter((entry): entry is [string, Call] => typeof entry[1] === "function");
    return Object.fromEntries(timed.map(([name, call]) => [name, this.#timed(name, call)])) as unknown as Kernels;
  }

  /** Forgets the calls so far. */
  begin(): void {
    this.#calls = [];
    this.#lastMs = this.#now();
  }

  /** The calls since `begin`, in order. */
  get calls(): readonly TimedCall[] {
    return this.#calls;
  }

  #timed(name: string, call: Call): Call {
    const label = LABELS[name] ?? (() => name);
    return (...args) => {
      const kernel = label(...args);
      const started = this.#now();
      const result = call(...args);
      const ended = this.#now();
      this.#calls.push({ kernel, ms: ended - started, beforeMs: started - this.#lastMs });
      this.#lastMs = ended;
      return result;
    };
  }
}

/** Arguments of the kernels as runtime/simd/kernels.ts orders them. */
const LABELS: Readonly<Record<string, (...args: readonly number[]) => string>> = {
  matmulQ4: (_x, _rows, columns, _bits, _weights, outputs) => `4 bit ${outputs} × ${columns}`,
  matmulQ8: (_x, _rows, columns, _bits, _weights, outputs) => `8 bit ${outputs} × ${columns}`,
  quantizeActivations: (_x, _rows, columns) => `quantize ${columns}`,
};
