import { loadKernelModules } from "../../cli/kernel-modules.ts";
import { chooseKernelModule, instantiateKernels } from "../../runtime/simd/instantiate.ts";
import { layerRunner } from "../../runtime/simd/run-layer.ts";
import type { CalibrationSource } from "../../weights/convert.ts";

const module = chooseKernelModule(await loadKernelModules());

/** Calibration of the tiny checkpoint by our own engine, with token ids, since it has no tokenizer. */
export const tinyCalibration: CalibrationSource = {
  runLayer: layerRunner({ kernels: (memory) => instantiateKernels(module, memory), activations: 8 }),
  sequences: ({ architecture: { vocabSize } }) =>
    [128, 128, 128, 128, 128, 128, 128, 90, 1].map((length, first) =>
      Array.from({ length }, (_, i) => (first * 331 + i * i * 7 + i) % vocabSize),
    ),
};
