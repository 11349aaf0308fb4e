import { createHash } from "node:crypto";
import type { ModelSource } from "../runtime/model-source.ts";
import { loadTokenizer } from "../runtime/tokenizer/load.ts";
import type { Tokenizer } from "../runtime/tokenizer/tokenizer.ts";
import { WeightsError } from "../weights/errors.ts";
import { MANIFEST_FILE, MAX_MANIFEST_BYTES, type Manifest, parseManifest } from "../weights/manifest.ts";
import { AssetsSource } from "./assets-source.ts";
import type { Env } from "./env.ts";
import { ApiError } from "./errors.ts";

/** What the gateway needs of a model. */
export interface Model {
  readonly manifest: Manifest;
  /** Hex SHA-256 of the manifest's bytes. */
  readonly manifestHash: string;
  /** null when the checkpoint carried none. */
  readonly tokenizer: Tokenizer | null;
}

/** A finished model only: awaiting a load that another request began hangs when that request is cut off. */
let loaded: Model | undefined;

/** The deployed model, loaded by the first request of an isolate; WeightsError when a file is missing or wrong. */
export async function deployedModel(env: Env): Promise<Model> {
  loaded ??= await loadModel(new AssetsSource(env.ASSETS));
  return loaded;
}

/** The model if `id` names it, or is one of the tenant's own names for it; an ApiError (404) otherwise. */
export async function modelNamed(env: Env, id: string, tenant: string): Promise<Model> {
  const model = await deployedModel(env);
  if (id === model.manifest.name) return model;
  const aliases = await env.LEDGER.getByName(tenant).aliases();
  if (Object.hasOwn(aliases, id) && aliases[id] === model.manifest.name) return model;
  throw modelNotFound(`GET /v1/models lists ${model.manifest.name}.`);
}

/** A model that is not deployed, or that a tenant may not use. */
export const modelNotFound = (hint: string) =>
  new ApiError(404, "model_not_found", `There is no such model here; ${hint}`, { param: "model" });

async function loadModel(source: ModelSource): Promise<Model> {
  const hash = createHash("sha256");
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  for await (const chunk of await source.open(MANIFEST_FILE)) {
    bytes += chunk.byteLength;
    if (bytes > MAX_MANIFEST_BYTES)
      throw new WeightsError(`${MANIFEST_FILE} is longer than ${MAX_MANIFEST_BYTES} bytes`);
    hash.update(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  const manifest = parseManifest(text + decoder.decode());
  return { manifest, manifestHash: hash.digest("hex"), tokenizer: await loadTokenizer(source, manifest) };
}
