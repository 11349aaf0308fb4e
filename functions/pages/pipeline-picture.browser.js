import { definitions, element, grouped } from "./element.browser.js";

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The whole pipeline: what it holds, and every part in the order that a token passes them. */
export function pipelinePicture({ engine, running, paused, waiting, hopMs, memoryBytes, stages, vocabularyShards }) {
  const hopWords = hopMs === 0 ? "too short to tell" : `${hopMs.toFixed(hopMs < 10 ? 2 : 0)} ms`;
  const figures = definitions([
    ["Engine", `${engine.name} ${engine.version}`],
    ["Memory", mebibytes(memoryBytes)],
    ["A hop", hopWords],
    ["Paused", paused],
  ]);
  const conductor = part("Conductor", running > 0 ? "busy" : "", [`${running} running, ${waiting} waiting`]);
  const shards = vocabularyShards.map(({ firstRow, rows, ...shard }, index) =>
    part(`Vocabulary shard ${index}`, `state-${shard.state}`, [
      stateOf(shard),
      `rows ${grouped(firstRow)} to ${grouped(firstRow + rows - 1)}`,
    ]),
  );
  const places = [[conductor], ...stages.map(replicasOf), shards];
  const hop = () => element("li", { className: "hop", textContent: hopMs === 0 ? "" : hopWords });
  const way = places.flatMap((parts) => [element("li", {}, ...parts), hop()]);
  return [figures, element("ol", { className: "parts", ariaLabel: "The way of a token, and back" }, ...way)];
}

function replicasOf({ firstLayer, layerCount, replicas }, stage) {
  return replicas.map((replica) => {
    const busy = replica.sessions > 0 ? " busy" : "";
    return part(`Stage ${stage}, replica ${replica.replica}`, `state-${replica.state}${busy}`, [
      stateOf(replica),
      `layers ${firstLayer} to ${firstLayer + layerCount - 1}`,
      `${replica.sessions} sessions, ${grouped(replica.reservedTokens)} tokens reserved`,
      `${grouped(replica.cachedTokens)} tokens kept for prompts that begin alike`,
      replica.draining ? "draining: it ends with its last session" : "",
      replica.suspect ? "failed when last heard of, or not loaded yet" : "",
      ...replica.helpers.map((helper, index) => `helper ${index + 1}: ${stateOf(helper)}`),
    ]);
  });
}

const stateOf = ({ state, memoryBytes }) => `${state}, ${mebibytes(memoryBytes)}`;

function part(name, className, lines) {
  const words = lines.filter(Boolean).map((textContent) => element("p", { textContent }));
  return element("div", { className: `part ${className}` }, element("strong", { textContent: name }), ...words);
}
