const WATCHED = [
  "ArrayBuffer",
  "Uint8Array",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "BigUint64Array",
  "BigInt64Array",
] as const;

/** Sees every buffer that is made by name while it is in place, and remembers the largest. */
export class AllocationWatch {
  #largestBytes = 0;
  readonly #originals = WATCHED.map((name) => [name, globalThis[name]] as const);

  constructor() {
    for (const [name, original] of this.#originals)
      Object.assign(globalThis, {
        [name]: new Proxy(original, {
          construct: (target, parameters, newTarget) => {
            const made = Reflect.construct(target, parameters, newTarget) as ArrayBuffer | ArrayBufferView;
            // A view of a buffer allocates nothing.
            if (!(parameters[0] instanceof ArrayBuffer))
              this.#largestBytes = Math.max(this.#largestBytes, made.byteLength);
            return made;
          },
        }),
      });
  }

  /** The largest buffer since the last call. */
  takeLargestBytes(): number {
    const largest = this.#largestBytes;
    this.#largestBytes = 0;
    return largest;
  }

  [Symbol.dispose](): void {
    for (const [name, original] of this.#originals) Object.assign(globalThis, { [name]: original });
  }
}
