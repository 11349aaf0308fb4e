/** How the keys and values of one form of pages meet a query and its weights; `page` is a layer's place in a page. */
export interface KvReader {
  /** Takes the query at index `query` of the float32 view; gives its score with a token's key, before the soft cap. */
  scorer(query: number, scale: number): (page: number, kvHead: number, token: number) => number;
  /** result += Σ weight · value of the tokens first … last − 1; the other weights are 0. */
  addValues(
    page: number,
    kvHead: number,
    weights: Float32Array,
    first: number,
    last: number,
    result: Float32Array,
  ): void;
}

const float = Math.fround;

/** Four sums by index modulo 4, then (0 + 2) + (1 + 3). */
export function sumOfLanes(values: Float32Array): number {
  const lanes = new Float32Array(4);
  values.forEach((value, i) => {
    lanes[i % 4] = lanes[i % 4]! + value;
  });
  return float(float(lanes[0]! + lanes[2]!) + float(lanes[1]! + lanes[3]!));
}
