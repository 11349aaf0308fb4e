// The entry of a script that holds stages and vocabulary shards alone, for a gateway in another script.
import "./engine-simd.ts";

export { Stage } from "./objects/stage.ts";
export { Vocabulary } from "./objects/vocabulary-shard.ts";

export default {
  fetch: () =>
    new Response("This script serves parts of a model to other scripts, and nothing else.\n", { status: 404 }),
} satisfies ExportedHandler;
