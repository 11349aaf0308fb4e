// The entry of the Worker: the API, and every Durable Object class of a deployment in one script.
import "./engine-simd.ts";

export { api as default } from "./api.ts";
export { Conductor } from "./objects/conductor.ts";
export { Directory } from "./objects/directory.ts";
export { Ledger } from "./objects/ledger.ts";
export { ResponseStore } from "./objects/response-store.ts";
export { Stage } from "./objects/stage.ts";
export { Vocabulary } from "./objects/vocabulary-shard.ts";
