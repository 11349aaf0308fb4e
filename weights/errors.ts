/** A file of a model or checkpoint is wrong: says what was expected, what was found and in which file. */
export class WeightsError extends Error {
  override readonly name = "WeightsError";
}
