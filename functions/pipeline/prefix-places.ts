import { PAGE_TOKENS } from "../../runtime/simd/layout.ts";
import type { KvRoom } from "./kv-room.ts";

/** The least that a prompt's last part is taken to be its own. */
const NEAREST_TOKENS = 2 * PAGE_TOKENS;

/**
 * Where a prompt is to be kept on its way, in whole pages, ascending: what is kept at its end can be entered only near
 * there once windows have left its beginning behind. Prompts often share all but a last part, so the places lie 64, 128 …
 * tokens before the end, up to a window: who shares all but n tokens computes at most about 2 n again. `branchTokens` is
 * where it parts from another one.
 */
export function prefixPlaces(
  promptTokens: number,
  branchTokens: number,
  claimedTokens: number,
  room: KvRoom,
): number[] {
  const places = new Set([wholePages(branchTokens)]);
  for (let distance = NEAREST_TOKENS; distance <= room.windowTokens; distance *= 2) {
    const place = wholePages(promptTokens - distance);
    places.add(place);
    // Entered anywhere: nothing before it needs a place of its own.
    if (room.firstEntry(place) === 0) break;
  }
  const enteredLater = room.firstEntry(wholePages(promptTokens));
  return [...places].filter((place) => place > claimedTokens && place < enteredLater).sort((a, b) => a - b);
}

const wholePages = (tokens: number) => Math.floor(tokens / PAGE_TOKENS) * PAGE_TOKENS;
