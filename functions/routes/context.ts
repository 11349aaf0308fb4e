import type { Env } from "../env.ts";
import type { VerifiedKey } from "../tenants/key.ts";

/** Hono's types of this gateway. */
export interface GatewayTypes {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Set by `authenticate`. */
    key: VerifiedKey;
    /** Which of the two admin keys; set by `authenticateAdmin`. */
    admin: "current" | "previous";
  };
}
