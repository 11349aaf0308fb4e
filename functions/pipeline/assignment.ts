import { InferenceError } from "../../runtime/errors.ts";
import type { FaultPlace, FrameHead } from "./frame.ts";
import type { GenerationFailure } from "./generation-call.ts";
import type { EngineIdentity, StageRange, TableRange } from "./topology.ts";

/** What every part of a pipeline is told when a conductor takes it into its ring. */
interface Assignment {
  /** In hex, as frames carry it. */
  readonly pipelineHash: string;
  readonly incarnation: string;
  readonly manifestHash: string;
  readonly engine: EngineIdentity;
  /** The most rows of a frame. */
  readonly maxRows: number;
  /** Of the links that this part dials. */
  readonly hopMs: number;
  /** Refuse what only production would. */
  readonly strict: boolean;
  /** Calls from the client's request to this one. */
  readonly depth: number;
}

/** An object to hold a link to. */
export interface Successor {
  readonly place: FaultPlace;
  /** The Durable Object's name. */
  readonly name: string;
}

/** InferenceError wrong_pipeline when a frame was made for another model, engine or split, or by an earlier conductor. */
export function checkHead(
  frame: Pick<FrameHead, "pipelineHash" | "incarnation">,
  assignment: Pick<Assignment, "pipelineHash" | "incarnation">,
): void {
  if (frame.pipelineHash !== assignment.pipelineHash) {
    throw new InferenceError(
      "wrong_pipeline",
      `a frame belongs to pipeline ${frame.pipelineHash}, this object to ${assignment.pipelineHash}`,
    );
  }
  if (frame.incarnation !== assignment.incarnation) {
    throw new InferenceError(
      "wrong_pipeline",
      `a frame comes from conductor ${frame.incarnation}, this object serves ${assignment.incarnation}`,
    );
  }
}

/** InferenceError wrong_pipeline when the object that is asked to join runs another engine than the conductor expects. */
export function checkEngine(expected: EngineIdentity, found: EngineIdentity): void {
  const name = ({ name, version, activations, kvBits }: EngineIdentity) =>
    `${name} ${version} (${activations} bit, KV ${kvBits} bit)`;
  if (name(expected) === name(found)) return;
  throw new InferenceError(
    "wrong_pipeline",
    `this object runs engine ${name(found)}, the conductor expects ${name(expected)}: deploy every script from one version`,
  );
}

export interface StageAssignment extends Assignment, StageRange {
  readonly group: number;
  readonly replica: number;
  readonly finalNorm: boolean;
  readonly kvTokens: number;
  readonly kvWindowTokens: number;
  /** The route's replica of the next stage, or every vocabulary shard. */
  readonly successors: readonly Successor[];
  /** What the others may take for a row. */
  readonly rowLimitMs: number;
  /** The other objects its layers are split over, by part from 1 on; none where they are whole. */
  readonly helpers: readonly Successor[];
}

/** Part `part` of the `parts` that a stage's layers are split over. */
export interface HelperAssignment extends Assignment, StageRange {
  readonly part: number;
  readonly parts: number;
  readonly kvTokens: number;
  readonly kvWindowTokens: number;
}

export interface ShardAssignment extends Assignment, Pick<TableRange, "firstShard" | "shardCount"> {
  readonly index: number;
}

export type PartState = "empty" | "loading" | "ready" | "failed";

/** How a stage or vocabulary shard is. */
export interface PartReport {
  readonly state: PartState;
  /** WASM (or JS) memory of weights, KV cache and scratch; 0 until ready. */
  readonly memoryBytes: number;
  readonly sessions: number;
  /** Open sockets, in and out. */
  readonly links: number;
  /** Tokens; of stages only. */
  readonly freeKvTokens?: number;
  /** The same of layers with a window, where there are any. */
  readonly freeKvWindowTokens?: number;
  /** Why the last load failed. */
  readonly failure?: string;
}

/** The same as its conductor has it. */
export interface PartStatus extends PartReport {
  /** How often it was taken into the ring again after it had been lost, in the conductor's life. */
  readonly restarts: number;
}

/** RPC loses an error's fields, so a failure travels as a value. */
export type JoinAnswer =
  | {
      readonly joined: true;
      readonly report: PartReport;
      /** As isolateName. */
      readonly isolate: string;
    }
  | { readonly joined: false; readonly failure: GenerationFailure };
