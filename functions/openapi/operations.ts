import { ADMIN_OPERATIONS } from "./admin-operations.ts";
import * as generation from "./generation-replies.ts";
import type { Operation } from "./operation.ts";
import { TENANT_OPERATIONS } from "./tenant-operations.ts";

const open = { security: "none", status: 200, errors: [421, 500, 503] } as const;

/** Every operation of the API, in the order of its reference. */
export const OPERATIONS: readonly Operation[] = [
  ...TENANT_OPERATIONS,
  {
    ...open,
    method: "get",
    path: "/health",
    summary: "The service is up and configured",
    reply: generation.healthReply,
  },
  {
    ...open,
    method: "get",
    path: "/ready",
    summary: "What is loaded; 503 while the next request would first load something",
    reply: generation.readyReply,
  },
  ...ADMIN_OPERATIONS,
];
