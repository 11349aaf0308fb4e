import { type Command, InvalidArgumentError } from "commander";
import { withAdminOptions } from "./admin-client.ts";
import { integerArgument } from "./number-argument.ts";

const LARGEST = 1e12;
const MAX_PRIORITY = 16;
const MICROS = 1_000_000;

type OrNone<Value> = Value | "none";

/** As the command line gives limits; "none" is no limit of its own. */
export interface LimitOptions {
  requestsPerMinute?: OrNone<number>;
  tokensPerMinute?: OrNone<number>;
  tokensPerDay?: OrNone<number>;
  /** In millionths. */
  budgetPerMonth?: OrNone<number>;
  concurrency?: OrNone<number>;
  maxContextTokens?: OrNone<number>;
  maxOutputTokens?: OrNone<number>;
  allowedModels?: string;
  priority?: number;
}

const whole = integerArgument(1, LARGEST);
const orNone =
  (parse: (text: string) => number) =>
  (text: string): OrNone<number> =>
    text === "none" ? text : parse(text);

/** An amount of the operator's currency with at most 6 decimals, as millionths. */
function amount(text: string): number {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) throw new InvalidArgumentError("Expected an amount as in 12.50.");
  return Math.round(Number(text) * MICROS);
}

/** Adds the limits that a tenant may have for a while. */
export function withRaisableLimits(command: Command): Command {
  return withAdminOptions(command)
    .option("--requests-per-minute <n>", "requests in any 60 seconds", whole)
    .option("--tokens-per-minute <n>", "tokens of prompts and answers in any 60 seconds", whole)
    .option("--tokens-per-day <n>", 'tokens of a UTC day, or "none"', orNone(whole))
    .option("--budget-per-month <amount>", 'money of a UTC month, as in 12.50, or "none"', orNone(amount))
    .option("--concurrency <n>", "generations at the same time", whole)
    .option("--max-context-tokens <n>", 'tokens of one prompt and its answer, or "none"', orNone(whole))
    .option("--max-output-tokens <n>", "tokens of one answer", whole);
}

/** Adds every limit of a tenant. */
export function withTenantLimits(command: Command): Command {
  return withRaisableLimits(command)
    .option("--allowed-models <ids>", 'model ids separated by commas, or "any"')
    .option("--priority <n>", "turns in the pipeline for each of a tenant with 1", integerArgument(1, MAX_PRIORITY));
}

/** Adds the limits of a key, each of which may be "none": as much as its tenant. The command has the admin options. */
export function withKeyLimits(command: Command): Command {
  return command
    .option("--requests-per-minute <n>", 'requests in any 60 seconds, or "none" of its own', orNone(whole))
    .option("--tokens-per-minute <n>", 'tokens in any 60 seconds, or "none"', orNone(whole))
    .option("--tokens-per-day <n>", 'tokens of a UTC day, or "none"', orNone(whole))
    .option("--budget-per-month <amount>", 'money of a UTC month, as in 12.50, or "none"', orNone(amount))
    .option("--concurrency <n>", 'generations at the same time, or "none"', orNone(whole))
    .option("--max-context-tokens <n>", 'tokens of one prompt and its answer, or "none"', orNone(whole))
    .option("--max-output-tokens <n>", 'tokens of one answer, or "none"', orNone(whole))
    .option("--allowed-models <ids>", 'model ids separated by commas, or "any"');
}

/** The API's limits: null is none; what was not given is undefined, which JSON leaves out. */
export function limitsOf(options: LimitOptions): object {
  const given = <Value>(value: OrNone<Value> | undefined) => (value === "none" ? null : value);
  const { allowedModels, priority } = options;
  return {
    requestsPerMinute: given(options.requestsPerMinute),
    tokensPerMinute: given(options.tokensPerMinute),
    tokensPerDay: given(options.tokensPerDay),
    budgetMicrosPerMonth: given(options.budgetPerMonth),
    concurrency: given(options.concurrency),
    maxContextTokens: given(options.maxContextTokens),
    maxOutputTokens: given(options.maxOutputTokens),
    allowedModels: allowedModels === "any" ? null : allowedModels?.split(",").map((id) => id.trim()),
    priority,
  };
}

/** A limit as people read it. */
export function limitText(value: unknown): string {
  if (value === null) return "none";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
