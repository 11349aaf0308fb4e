/** A matrix [outputs, columns] as MatMulNBits stores it. */
export interface QuantisedMatrix {
  /** fp16 bit patterns [outputs, columns / 32]. */
  readonly scales: Uint16Array;
  /** [outputs, columns · bits / 8] */
  readonly data: Uint8Array;
}

/** Matrices by the name of the checkpoint's tensor. */
export type QuantisedMatrices = ReadonlyMap<string, QuantisedMatrix>;
