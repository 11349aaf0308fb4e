// The entry of a script that holds conductor, ledgers and directory, for the API and the model's parts in other scripts.
import "./engine-simd.ts";

export { Conductor } from "./objects/conductor.ts";
export { Directory } from "./objects/directory.ts";
export { Ledger } from "./objects/ledger.ts";
export { ResponseStore } from "./objects/response-store.ts";

export default {
  fetch: () => new Response("This script conducts a pipeline for the API in another script.\n", { status: 404 }),
} satisfies ExportedHandler;
