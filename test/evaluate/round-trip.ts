const MOST_LEVELS = 127;

/** Leaves of each row of `columns` values what int8 with a scale every `segment` columns keeps, in place. */
export function roundTrip(values: Float32Array, columns: number, segment: number): void {
  for (let row = 0; row < values.length; row += columns)
    for (let start = row; start < row + columns; start += segment) {
      const part = values.subarray(start, Math.min(start + segment, row + columns));
      let largest = 0;
      for (const value of part) largest = Math.max(largest, Math.abs(value));
      if (largest === 0) continue;
      const step = largest / MOST_LEVELS;
      for (let i = 0; i < part.length; i++) part[i] = Math.round(part[i]! / step) * step;
    }
}
