const INCREMENT = 0x9e3779b9;

/** Uniform numbers in [0, 1) from a seed: a hashed counter (the finaliser of MurmurHash3), the same on every machine. */
export function uniform(seed: number): () => number {
  let counter = Math.imul(seed + 1, 0x85ebca6b);
  return () => {
    counter = (counter + INCREMENT) | 0;
    let hash = Math.imul(counter ^ (counter >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** Float32 in (−size, size), roughly bell-shaped as activations are. */
export function randomFloats(count: number, seed: number, size = 1): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => (next() + next() + next() - 1.5) * (size / 1.5));
}

export function randomBytes(count: number, seed: number): Uint8Array {
  const next = uniform(seed);
  return Uint8Array.from({ length: count }, () => next() * 256);
}

/** Finite float16 bits of both signs, magnitudes 2⁻¹² … 2⁻⁴, with a zero now and then. */
export function randomHalves(count: number, seed: number): Uint16Array {
  const next = uniform(seed);
  return Uint16Array.from({ length: count }, () => {
    if (next() < 0.02) return 0;
    const exponent = 3 + Math.floor(next() * 8);
    return (next() < 0.5 ? 0x8000 : 0) | (exponent << 10) | Math.floor(next() * 1024);
  });
}
