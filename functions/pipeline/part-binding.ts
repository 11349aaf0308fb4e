import type { FaultPlace } from "./frame.ts";

/** The name a script's binding has for a part that another script holds: STAGE_0, STAGE_0_PART_1, VOCABULARY_1 and so on. */
export function partBinding({ group, replica, part = 0 }: FaultPlace): string {
  if (group === "vocabulary") return `VOCABULARY_${replica}`;
  return part === 0 ? `STAGE_${group}` : `STAGE_${group}_PART_${part}`;
}
