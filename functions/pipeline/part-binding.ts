import type { FaultPlace } from "./frame.ts";

/** The name a script's binding has for a part that another script holds: STAGE_0, VOCABULARY_1 and so on. */
export const partBinding = ({ group, replica }: FaultPlace): string =>
  group === "vocabulary" ? `VOCABULARY_${replica}` : `STAGE_${group}`;
