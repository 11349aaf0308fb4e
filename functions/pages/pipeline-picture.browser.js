import { definitions, element, grouped } from "./element.browser.js";

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The whole pipeline: what it holds, and every part in the order that a token passes them. */
export function pipelinePicture({ engine, running, paused, waiting, hopMs, memoryBytes, stages, vocabularyShards }) {
  const figures = definitions([
    ["Engine", `${engine.name} ${engine.version}`],
    ["Running", running],
    ["Waiting", waiting],
    ["Paused", paused],
    ["Memory", mebibytes(memoryBytes)],
    ["A hop", hopMs === 0 ? "not measured yet" : `${hopMs.toFixed(1)} ms`],
  ]);
  const parts = element("ol", { className: "parts" });
  for (const [index, { firstLayer, layerCount, replicas }] of stages.entries())
    for (const replica of replicas)
      parts.append(
        part(`Stage ${index}, replica ${replica.replica}`, replica, [
          `layers ${firstLayer} to ${firstLayer + layerCount - 1}`,
          `${replica.sessions} sessions, ${grouped(replica.reservedTokens)} tokens reserved`,
          `${grouped(replica.cachedTokens)} tokens kept for prompts that begin alike`,
          replica.draining ? "draining" : "",
          replica.suspect ? "failed when last heard of, or not loaded yet" : "",
          ...replica.helpers.map(
            ({ state, memoryBytes }, at) => `helper ${at + 1}: ${state}, ${mebibytes(memoryBytes)}`,
          ),
        ]),
      );
  for (const [index, shard] of vocabularyShards.entries())
    parts.append(
      part(`Vocabulary shard ${index}`, shard, [
        `rows ${grouped(shard.firstRow)} to ${grouped(shard.firstRow + shard.rows - 1)}`,
      ]),
    );
  return [figures, parts];
}

function part(name, { state, memoryBytes }, lines) {
  const words = [`${state}, ${mebibytes(memoryBytes)}`, ...lines].filter(Boolean);
  return element(
    "li",
    { className: `state-${state}` },
    element("strong", { textContent: name }),
    ...words.map((textContent) => element("p", { textContent })),
  );
}
