/** How matrices are rounded: to nearest, in 4 bits with searched scales, or with errors made up for (GPTQ). */
export type Method = "round" | "search" | "gptq";

export interface QuantisationOptions {
  readonly method: Method;
  /** Mean over the layers' matrices, scales counted: 4.5 is all in 4 bits, 8.5 all in 8. */
  readonly bitsPerWeight: number;
}
