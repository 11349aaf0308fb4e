// The entry of `wrangler --env ort`: the same Worker with onnxruntime-web and its 14 MB, which the default never carries.
import "./engine-ort.ts";

export * from "./gateway.ts";
export { default } from "./gateway.ts";
