import type { Context } from "hono";
import { Hono } from "hono";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import { type Model, modelNamed } from "../model.ts";
import { invalid } from "../request/generation-fields.ts";
import { readJsonBody } from "../request/json-body.ts";
import { detokenizeSchema, tokenizeSchema } from "../request/token-requests.ts";
import { validate } from "../request/validation.ts";
import { admit } from "./admission.ts";
import { requireAllowed } from "./allowed-model.ts";
import { authenticate } from "./authenticate.ts";
import type { GatewayTypes } from "./context.ts";
import { plainPromptIds, requireTokenizer } from "./prompt.ts";

/** POST /v1/tokenize and POST /v1/detokenize. Each counts as one request. */
export const tokens = new Hono<GatewayTypes>()
  .post("/v1/tokenize", authenticate, async (c) => {
    const { model: name, prompt, ...options } = validate(tokenizeSchema, await readJsonBody(c.req.raw));
    const { model, headers } = await admitFor(c, name);
    const tokenizer = requireTokenizer(model, "prompt");
    const ids = options.add_special_tokens === false ? tokenizer.encode(prompt) : plainPromptIds(model, prompt);
    return c.json(
      { object: "tokenization", ...tokensReply(model, ids), ...names(tokenizer, ids, options) },
      200,
      headers,
    );
  })
  .post("/v1/detokenize", authenticate, async (c) => {
    const { model: name, tokens: ids, ...options } = validate(detokenizeSchema, await readJsonBody(c.req.raw));
    const { model, headers } = await admitFor(c, name);
    const tokenizer = requireTokenizer(model, "tokens");
    const outside = ids.findIndex((id) => id >= tokenizer.pieceCount);
    if (outside >= 0) throw invalid(`tokens[${outside}]`, `ids of this tokenizer are below ${tokenizer.pieceCount}`);
    return c.json(
      { object: "detokenization", prompt: tokenizer.decode(ids), ...names(tokenizer, ids, options) },
      200,
      headers,
    );
  });

/** What every route says that tells a prompt's tokens. */
export const tokensReply = ({ manifest }: Model, ids: readonly number[]) => ({
  count: ids.length,
  max_model_len: manifest.architecture.maxPositionEmbeddings,
  tokens: ids,
});

/** Counts the request before any text is worked on. */
async function admitFor(c: Context<GatewayTypes>, name: string) {
  const key = c.get("key");
  const admission = await admit(c.env, key);
  const model = await modelNamed(c.env, name, key.tenant);
  requireAllowed(admission, model);
  return { model, headers: admission.headers };
}

interface Wishes {
  readonly return_token_strs?: boolean | undefined;
}

const names = (tokenizer: Tokenizer, ids: readonly number[], { return_token_strs: wanted = false }: Wishes) =>
  wanted ? { token_strs: ids.map((id) => tokenizer.name(id).text) } : {};
