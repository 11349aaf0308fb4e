import { createMiddleware } from "hono/factory";
import { ApiError } from "../errors.ts";
import { retryHeaders } from "../tenants/rate-headers.ts";
import type { GatewayTypes } from "./context.ts";

/** The binding's period. */
const PERIOD_MS = 60_000;
/** A household has at least the lower half of an IPv6 address to itself. */
const IPV6_NETWORK_GROUPS = 4;
const IPV6_GROUPS = 8;

/**
 * Counts requests that are answered 401, by address, and answers 429 in the place of 401 above the limit of the binding.
 * A coarse shield: the binding counts at each location and late; exact limits are the ledgers'.
 */
export const keylessShield = createMiddleware<GatewayTypes>(async (c, next) => {
  await next();
  if (c.res.status !== 401) return;
  const { success } = await c.env.KEYLESS.limit({ key: networkOf(c.req.header("cf-connecting-ip") ?? "") });
  if (success) return;
  const message = "Too many requests without a valid key from this address. Please try again in 1m0s.";
  // No waiting makes a key right.
  const headers = { ...retryHeaders(PERIOD_MS), "x-should-retry": "false" };
  const { body } = new ApiError(429, "rate_limit_exceeded", message, { type: "requests" });
  c.res = c.json(body, 429, headers);
});

/** An IPv4 address, or the /64 network of an IPv6 address. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = (text: string) => text.split(":").filter(Boolean);
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: Math.max(0, IPV6_GROUPS - before.length - after.length) }, () => "0");
  return `${[...before, ...(tail === undefined ? [] : zeros), ...after].slice(0, IPV6_NETWORK_GROUPS).join(":")}::/64`;
}
