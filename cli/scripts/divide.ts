import type { Plan } from "../../weights/plan.ts";
import type { Script } from "./script.ts";

/** A layer's weights have 4 bits and the table's 8, and a row takes as long with either. */
const LAYER_WORK_PER_BYTE = 2;
const NO_PARTS = { stages: [], helpers: [], vocabularyShards: [] };
/** So that scripts list in the order of the ring. */
const NUMBER_DIGITS = 2;

/**
 * Cuts a service into at most `count` scripts for one machine, the API's first: each takes parts that follow each other in
 * the ring, and about the same work of a token. Helpers live with their stage.
 */
export function divideIntoScripts(plan: Plan, count: number, name: string): Script[] {
  const parts = [
    ...plan.stages.map(({ bytes }, stage) => ({ stage, work: bytes.weights * LAYER_WORK_PER_BYTE })),
    ...plan.vocabularyShards.map(({ bytes }, shard) => ({ shard, work: bytes.weights })),
  ];
  const total = parts.reduce((sum, { work }) => sum + work, 0);
  const groups = Array.from({ length: count }, () => ({ stages: [] as number[], vocabularyShards: [] as number[] }));
  let before = 0;
  for (const part of parts) {
    const middle = before + part.work / 2;
    const { stages, vocabularyShards } = groups[Math.floor((count * middle) / total)]!;
    if ("stage" in part) stages.push(part.stage);
    else vocabularyShards.push(part.shard);
    before += part.work;
  }
  const [first, ...others] = groups;
  const filled = others.filter(({ stages, vocabularyShards }) => stages.length + vocabularyShards.length > 0);
  return [
    { name, api: true, core: true, helpers: [], ...first! },
    ...filled.map((group, index) => ({
      ...{ name: `${name}-parts-${index + 1}`, api: false, core: false, helpers: [] },
      ...group,
    })),
  ];
}

/**
 * A script for each isolate of a plan, since objects of one script may share an isolate and its memory; one for the
 * conductor, ledgers and directory; and one for the API, which can then be deployed without ending what they do. In the
 * order to deploy them in: each after those it binds.
 */
export function separateScripts({ stages, layerParts, vocabularyShards }: Plan, name: string): Script[] {
  const numbered = (what: string, index: number) => `${name}-${what}-${String(index).padStart(NUMBER_DIGITS, "0")}`;
  const part = { api: false, core: false, ...NO_PARTS };
  return [
    ...vocabularyShards.map((_, shard) => ({
      ...part,
      name: numbered("vocabulary", shard),
      vocabularyShards: [shard],
    })),
    ...stages
      .flatMap((_, stage) => [
        { ...part, name: numbered("stage", stage), stages: [stage] },
        ...Array.from({ length: layerParts - 1 }, (_, index) => ({
          ...part,
          name: `${numbered("stage", stage)}-part-${index + 1}`,
          helpers: [{ stage, part: index + 1 }],
        })),
      ])
      .reverse(),
    { ...part, name: `${name}-core`, core: true },
    { ...part, name, api: true },
  ];
}
