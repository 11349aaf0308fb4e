/**
 * Numbers that the compiler must not know: V8 rebuilds a constant vector at every use (three instructions), but keeps a
 * computed one in a register. Adding this to them changes nothing, since `count` is a multiple of 32.
 */
export function hiddenZero(count: u32): i32 {
  return <i32>(count & 31);
}
