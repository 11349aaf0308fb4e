/** True when logit `a` of token `aId` goes before logit `b` of `bId`: larger first, equal ones by lower id. */
export function goesBefore(a: number, aId: number, b: number, bId: number): boolean {
  return a > b || (a === b && aId < bId);
}
