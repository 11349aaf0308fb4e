import {
  auditPageSchema,
  keyChangesSchema,
  newKeySchema,
  newTenantSchema,
  replicasSchema,
  rotationSchema,
  tenantChangesSchema,
  tenantPageSchema,
} from "../request/admin-requests.ts";
import { usageExportSchema } from "../request/usage-request.ts";
import * as admin from "./admin-replies.ts";
import * as generation from "./generation-replies.ts";
import type { Operation } from "./operation.ts";

const ADMIN_ERRORS = [400, 401, 404, 421, 429, 500, 503];
const ADMIN_WRITE_ERRORS = [400, 401, 404, 408, 409, 413, 421, 429, 500, 503];

const read = { security: "admin", status: 200, errors: ADMIN_ERRORS } as const;
const write = { security: "admin", status: 200, errors: ADMIN_WRITE_ERRORS } as const;

const TENANT = "/admin/v1/tenants/{tenant}";
const KEY = `${TENANT}/keys/{key}`;
const REPLICAS = "/admin/v1/replicas";

/** What operators do, in the order of the reference. */
export const ADMIN_OPERATIONS: readonly Operation[] = [
  {
    ...read,
    method: "get",
    path: "/admin/v1/tenants",
    summary: "List tenants by name",
    query: tenantPageSchema,
    reply: admin.tenantList,
  },
  {
    ...write,
    method: "post",
    path: "/admin/v1/tenants",
    summary: "Create a tenant with a first key",
    body: newTenantSchema,
    status: 201,
    reply: admin.newTenantReply,
  },
  { ...read, method: "get", path: TENANT, summary: "Show a tenant and what it holds now", reply: admin.tenantReply },
  {
    ...write,
    method: "patch",
    path: TENANT,
    summary: "Change a tenant, from its next request on",
    body: tenantChangesSchema,
    reply: admin.tenantReply,
  },
  { ...write, method: "delete", path: TENANT, summary: "Forget a tenant with its keys and usage", status: 204 },
  {
    ...read,
    method: "get",
    path: `${TENANT}/usage`,
    summary: "Usage by day, model and key",
    query: usageExportSchema,
    reply: admin.usageReport,
    text: ["text/csv"],
  },
  {
    ...read,
    method: "get",
    path: `${TENANT}/usage/users`,
    summary: "Usage by day and the `user` of requests",
    query: usageExportSchema,
    reply: admin.userReport,
    text: ["text/csv"],
  },
  {
    ...read,
    method: "get",
    path: `${TENANT}/usage/metadata`,
    summary: "Usage by day and each entry of the `metadata` of requests",
    query: usageExportSchema,
    reply: admin.metadataReport,
    text: ["text/csv"],
  },
  { ...read, method: "get", path: `${TENANT}/keys`, summary: "List a tenant's keys", reply: admin.keyList },
  {
    ...write,
    method: "post",
    path: `${TENANT}/keys`,
    summary: "Make one more key",
    body: newKeySchema,
    bodyOptional: true,
    status: 201,
    reply: admin.newKeyReply,
  },
  {
    ...write,
    method: "patch",
    path: KEY,
    summary: "Change a key's label or expiry",
    body: keyChangesSchema,
    reply: admin.keyReply,
  },
  { ...write, method: "delete", path: KEY, summary: "Revoke a key at once", reply: admin.keyReply },
  {
    ...write,
    method: "post",
    path: `${KEY}/rotate`,
    summary: "Put a new key in an old one's place",
    body: rotationSchema,
    bodyOptional: true,
    status: 201,
    reply: admin.newKeyReply,
  },
  {
    ...read,
    method: "get",
    path: "/admin/v1/audit",
    summary: "What operators did, newest first",
    query: auditPageSchema,
    reply: admin.auditLog,
  },
  {
    ...write,
    method: "post",
    path: "/admin/v1/load",
    summary: "Load the weights of every part now",
    reply: generation.readyReply,
    errors: [401, 500, 503, 504],
  },
  {
    ...read,
    method: "get",
    path: "/admin/v1/pipeline",
    summary: "How every part of the pipeline is",
    reply: admin.pipelineReply,
  },
  { ...read, method: "get", path: REPLICAS, summary: "How the stages' replicas are", reply: admin.replicasReply },
  {
    ...write,
    method: "patch",
    path: REPLICAS,
    summary: "Add replicas of every stage, or let some end with their last session",
    body: replicasSchema,
    reply: admin.replicasReply,
  },
];
