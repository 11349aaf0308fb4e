import { env } from "cloudflare:workers";
import "../../../functions/engine-simd.ts";
import { createEngine } from "../../../functions/engine-registry.ts";
import { deployedModel } from "../../../functions/model.ts";
import type { StageAssignment } from "../../../functions/pipeline/assignment.ts";
import type { Frame, FrameBody, FrameHead } from "../../../functions/pipeline/frame.ts";
import { decodeFrame, encodeFrame } from "../../../functions/pipeline/frame-codec.ts";
import { dialLink } from "../../../functions/pipeline/link.ts";

export const HASH = "ab".repeat(32);
export const INCARNATION = "cd".repeat(16);

/** A first stage of two layers that has joined a ring of this test's own making, and the test's link to it. */
export async function rawStage(assignment: Partial<StageAssignment> = {}) {
  const { manifestHash, manifest } = await deployedModel(env);
  const { name, version, activations, kvBits } = createEngine("simd", 8);
  const stub = env.STAGE.getByName(crypto.randomUUID());
  const whole: StageAssignment = {
    pipelineHash: HASH,
    incarnation: INCARNATION,
    manifestHash,
    engine: { name, version, activations, kvBits },
    maxRows: 16,
    hopMs: 0,
    strict: false,
    depth: 3,
    group: 0,
    replica: 0,
    firstLayer: 0,
    layerCount: 2,
    finalNorm: false,
    rowLimitMs: 100,
    kvTokens: 64,
    kvWindowTokens: 64,
    successors: [],
    helpers: [],
    ...assignment,
  };
  const received: Frame[] = [];
  const waiting: ((frame: Frame) => void)[] = [];
  let lost = false;
  const link = await dialLink(
    stub,
    "the stage",
    { role: "conductor", incarnation: whole.incarnation, hopMs: whole.hopMs, depth: 3 },
    {
      message(bytes) {
        const frame = decodeFrame(bytes);
        const next = waiting.shift();
        if (next) next(frame);
        else received.push(frame);
      },
      lost() {
        lost = true;
      },
    },
  );
  const head: FrameHead = { step: 1, pipelineHash: HASH, incarnation: whole.incarnation, route: [0, 0] };
  return {
    stub,
    link,
    assignment: whole,
    joining: () => stub.join(whole),
    lost: () => lost,
    send: (body: FrameBody, other: Partial<FrameHead> = {}) => link.send(encodeFrame({ ...head, ...other, ...body })),
    next: () =>
      new Promise<Frame>((resolve) => {
        const frame = received.shift();
        if (frame) resolve(frame);
        else waiting.push(resolve);
      }),
    rows: (session: number, position: number, rows: number): FrameBody => ({
      kind: "rows",
      groups: [{ session, position, rows, truncateTo: position, firstWanted: 0, selections: [] }],
      hidden: new Float32Array(rows * manifest.architecture.hiddenSize).fill(0.5),
    }),
  };
}
