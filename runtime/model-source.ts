/** Where a model folder's files come from: a directory, Worker static assets, an R2 bucket. */
export interface ModelSource {
  /** Streams one file of the folder from its first byte; rejects with a WeightsError when there is none. */
  open(path: string): Promise<ReadableStream<Uint8Array>>;
}
