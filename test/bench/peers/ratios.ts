import type { Ratio } from "../kernels/ratios.ts";
import type { PeerResult, PeersReport } from "./report.ts";

type Rate = (result: PeerResult) => number | undefined;

const prefill =
  (tokens: number): Rate =>
  ({ prefillTokensPerSecond: rates }) =>
    rates[tokens];
const decode =
  (context: number): Rate =>
  ({ decodeTokensPerSecond: rates }) =>
    rates[context];

/** What the project is held to at whole models; a ratio whose parts were not measured in this run is left out. */
export function wholeModelRatios({ peers }: PeersReport): Ratio[] {
  const of = (peer: string, rate: Rate): number | undefined => {
    const result = peers.find((each) => each.peer === peer);
    return result && rate(result);
  };
  const ratio = (name: string, above: number | undefined, below: number | undefined, bar: number): Ratio[] =>
    above === undefined || below === undefined ? [] : [{ name, value: above / below, bar }];
  const over = (name: string, rate: Rate, peer: string, bar: number) =>
    ratio(`${name} over ${peer}`, of("lapidary", rate), of(peer, rate), bar);
  const oursAt = (context: number) => of("lapidary", decode(context));
  return [
    ...over("decode at 128", decode(128), "llama.cpp", 0.8),
    ...over("decode at 128", decode(128), "wllama", 3),
    ...over("prefill of 512", prefill(512), "llama.cpp", 0.4),
    ...over("prefill of 512", prefill(512), "wllama", 4),
    // A token may take 25 % longer there.
    ...ratio("decode at 4096 of decode at 128", oursAt(4096), oursAt(128), 0.8),
    ...ratio("SIMD128 of relaxed, decode at 128", of("lapidary-simd128", decode(128)), oursAt(128), 0.5),
    ...ratio(
      "SIMD128 of relaxed, prefill of 512",
      of("lapidary-simd128", prefill(512)),
      of("lapidary", prefill(512)),
      0.5,
    ),
  ];
}
