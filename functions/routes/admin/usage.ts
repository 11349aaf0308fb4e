import { type Context, Hono } from "hono";
import { usageExportSchema, usagePeriod, validateQuery } from "../../request/usage-request.ts";
import type { LabelUsageRow } from "../../tenants/label-usage.ts";
import type { UsageRow } from "../../tenants/usage-book.ts";
import type { GatewayTypes } from "../context.ts";
import { noSuchTenant, tenantOf } from "./tenant-of.ts";

const USAGE = "/admin/v1/tenants/:tenant/usage";

/** Usage of a tenant by day, model and key with its refusals, and by day and user or `metadata`: as JSON or as CSV. */
export const usage = new Hono<GatewayTypes>()
  .get(USAGE, async (c) => {
    const { name, ledger, from, to, format } = await asked(c);
    const report = await ledger.usage(from, to);
    if (format === "json") return c.json({ tenant: name, from, to, ...report });
    return c.body(usageCsv(report.usage), 200, csvHeaders(`usage-${name}-${from}-${to}`));
  })
  .get(`${USAGE}/users`, async (c) => {
    const { name, ledger, from, to, format } = await asked(c);
    const rows = await ledger.usageByLabel("users", from, to);
    const users = rows.map(({ name: _, value: user, ...row }) => ({ ...row, user }));
    if (format === "json") return c.json({ tenant: name, from, to, users });
    return c.body(usersCsv(rows), 200, csvHeaders(`users-${name}-${from}-${to}`));
  })
  .get(`${USAGE}/metadata`, async (c) => {
    const { name, ledger, from, to, format } = await asked(c);
    const metadata = await ledger.usageByLabel("metadata", from, to);
    if (format === "json") return c.json({ tenant: name, from, to, metadata });
    return c.body(metadataCsv(metadata), 200, csvHeaders(`metadata-${name}-${from}-${to}`));
  });

async function asked(c: Context<GatewayTypes>) {
  const { name, ledger } = tenantOf(c);
  const { format, ...given } = validateQuery(usageExportSchema, c.req.url);
  if (!(await ledger.describe())) throw noSuchTenant();
  return { name, ledger, format, ...usagePeriod(given) };
}

const csvHeaders = (file: string) => ({
  "content-type": "text/csv; charset=utf-8",
  "content-disposition": `attachment; filename="${file}.csv"`,
});

/** RFC 4180. Days, model ids, key ids and counts need no quotes. */
function usageCsv(rows: readonly UsageRow[]): string {
  return csv("day,model,key", rows, ({ day, model, keyId }) => [day, model, keyId]);
}

function usersCsv(rows: readonly LabelUsageRow[]): string {
  return csv("day,user", rows, ({ day, value }) => [day, quoted(value)]);
}

function metadataCsv(rows: readonly LabelUsageRow[]): string {
  return csv("day,name,value", rows, ({ day, name, value }) => [day, quoted(name), quoted(value)]);
}

function csv<Row extends Omit<UsageRow, "model" | "keyId">>(
  columns: string,
  rows: readonly Row[],
  names: (row: Row) => readonly string[],
): string {
  const lines = rows.map((row) =>
    [...names(row), row.requests, row.promptTokens, row.completionTokens, row.cachedTokens, row.costMicros].join(","),
  );
  const header = `${columns},requests,prompt_tokens,completion_tokens,cached_tokens,cost_micros`;
  return `${[header, ...lines].join("\r\n")}\r\n`;
}

/** Callers choose these: a spreadsheet must not take one for a formula. */
const quoted = (text: string) => `"${text.replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;
