import { Hono } from "hono";
import type { Tokenizer } from "../../runtime/tokenizer/tokenizer.ts";
import { readJsonBody } from "../request/json-body.ts";
import { admit } from "./admission.ts";
import { requireAllowed } from "./allowed-model.ts";
import { authenticate } from "./authenticate.ts";
import { chatAnswer } from "./chat.ts";
import type { GatewayTypes } from "./context.ts";
import { requireTokenizer } from "./prompt.ts";
import { tokensReply } from "./tokens.ts";

/**
 * POST /v1/chat/render: takes the body of a chat, checks it as a chat's is checked, and shows the prompt that the model would
 * read. Nothing is generated. Counts as one request.
 */
export const render = new Hono<GatewayTypes>().post("/v1/chat/render", authenticate, async (c) => {
  const body = await readJsonBody(c.req.raw);
  const key = c.get("key");
  const { headers, ...admission } = await admit(c.env, key);
  const { model, prompts } = await chatAnswer(c.env, body, key.tenant);
  requireAllowed(admission, model);
  const { ids } = prompts[0]!;
  const prompt = textWithMarkers(requireTokenizer(model, "messages"), ids);
  return c.json({ object: "chat.rendering", ...tokensReply(model, ids), prompt }, 200, headers);
});

/** What `decode` gives, with the names of the tokens that have no text. */
function textWithMarkers(tokenizer: Tokenizer, ids: readonly number[]): string {
  const detokenizer = tokenizer.detokenizer();
  const shown = ids.map((id) => {
    const { text, bytes } = tokenizer.name(id);
    return detokenizer.push(id) + (bytes === null ? text : "");
  });
  return shown.join("") + detokenizer.flush();
}
