import { z } from "zod";
import { ApiError } from "../errors.ts";
import { dayBefore, dayOf, daysBetween } from "../tenants/utc-day.ts";
import { validate } from "./validation.ts";

const MAX_DAYS = 366;
const DEFAULT_DAYS = 30;

const day = z.iso.date({ error: "expected a UTC day as in 2027-01-31" });

/** GET …/usage: the days from `from` to `to`, both counted; by default the 30 up to today. */
export const usagePeriodSchema = z.strictObject({ from: day.optional(), to: day.optional() });
export const usageExportSchema = usagePeriodSchema.extend({ format: z.enum(["json", "csv"]).default("json") });

export interface UsagePeriod {
  readonly from: string;
  readonly to: string;
}

/** Reads the period of a query whose schema has `from` and `to`; an ApiError (400) when it is backwards or too long. */
export function usagePeriod(given: z.output<typeof usagePeriodSchema>): UsagePeriod {
  const to = given.to ?? dayOf(Date.now());
  const from = given.from ?? dayBefore(to, DEFAULT_DAYS - 1);
  const days = daysBetween(from, to);
  if (days >= 1 && days <= MAX_DAYS) return { from, to };
  throw new ApiError(400, "invalid_value", `from: expected 1 to ${MAX_DAYS} days up to "to", found ${days}.`, {
    param: "from",
  });
}

/** Checks a query as `validate` checks a body. */
export function validateQuery<Shape extends z.core.$ZodShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  url: string,
): z.output<z.ZodObject<Shape, z.core.$strict>> {
  return validate(schema, Object.fromEntries(new URL(url).searchParams));
}
