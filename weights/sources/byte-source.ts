/** Bytes that are read by range: a file, or a test's memory. */
export interface ByteSource {
  /** Begins every error about the contents. */
  readonly path: string;
  readonly bytes: number;
  /** Fills `into` from byte `position` on; throws a WeightsError when the source ends before. */
  read(into: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}
