import { z } from "zod";
import type { CallsSpecification, JsonSchema } from "../../runtime/constrain/specification.ts";
import type { CallableTools } from "../../runtime/tokenizer/chat-template.ts";
import { invalid } from "./generation-fields.ts";
import { description, givenName, jsonSchema } from "./response-format.ts";

const MAX_TOOLS = 128;

const tool = z.strictObject({
  type: z.literal("function", { error: "only functions are supported" }),
  function: z.strictObject({
    name: givenName,
    description: description.nullish(),
    parameters: jsonSchema.nullish(),
    strict: z.boolean().nullish(),
  }),
});

const namedFunction = z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: givenName }) });

/** The fields about functions of POST /v1/chat/completions. Arguments are held to their schema, strict or not. */
export const toolFields = {
  tools: z.array(tool).max(MAX_TOOLS).optional(),
  tool_choice: z
    .union([z.enum(["none", "auto", "required"]), namedFunction], {
      error: "expected none, auto, required or a function by name",
    })
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
};

type ToolFields = z.output<z.ZodObject<typeof toolFields>>;

/** What the prompt tells about functions, and what the answer may call. */
export interface ToolUse {
  readonly tools: CallableTools;
  readonly calls: CallsSpecification;
}

/** undefined where no function may be called. An ApiError (400) for two functions of one name, or a choice that is no tool. */
export function toolUse({
  tools: given = [],
  tool_choice: choice = "auto",
  parallel_tool_calls,
}: ToolFields): ToolUse | undefined {
  const names = given.map((tool) => tool.function.name);
  const twice = names.findIndex((name, index) => names.indexOf(name) < index);
  if (twice >= 0) throw invalid(`tools[${twice}].function.name`, "is the name of two functions");
  if (choice === "none" || (choice === "auto" && given.length === 0)) return undefined;
  if (given.length === 0) throw invalid("tool_choice", "there are no tools to call");
  const wanted = typeof choice === "object" ? choice.function.name : undefined;
  if (wanted !== undefined && !names.includes(wanted)) throw invalid("tool_choice.function.name", "names no tool");
  const functions = given.map(({ function: { name, description, parameters } }) => ({
    name,
    ...(description != null && { description }),
    parameters: parameters ?? NO_PARAMETERS,
  }));
  const parallel = wanted === undefined && parallel_tool_calls !== false;
  return {
    tools: { functions, parallel },
    calls: {
      type: "calls",
      functions: functions
        .filter(({ name }) => wanted === undefined || name === wanted)
        .map(({ name, parameters }) => ({ name, parameters })),
      parallel,
      otherwise: choice === "auto" ? "text" : "nothing",
    },
  };
}

/** Left out, a function takes no arguments. */
const NO_PARAMETERS: JsonSchema = { type: "object", properties: {}, additionalProperties: false };
