import { Hono } from "hono";
import { usageExportSchema, usagePeriod, validateQuery } from "../../request/usage-request.ts";
import type { UsageRow } from "../../tenants/usage-book.ts";
import type { GatewayTypes } from "../context.ts";
import { noSuchTenant, tenantOf } from "./tenant-of.ts";

/** Usage of a tenant by day, model and key, as JSON with its refusals or as CSV. */
export const usage = new Hono<GatewayTypes>().get("/admin/v1/tenants/:tenant/usage", async (c) => {
  const { name, ledger } = tenantOf(c);
  const { format, ...given } = validateQuery(usageExportSchema, c.req.url);
  const { from, to } = usagePeriod(given);
  if (!(await ledger.describe())) throw noSuchTenant();
  const report = await ledger.usage(from, to);
  if (format === "json") return c.json({ tenant: name, from, to, ...report });
  return c.body(usageCsv(report.usage), 200, {
    "content-type": "text/csv; charset=utf-8",
    "content-disposition": `attachment; filename="usage-${name}-${from}-${to}.csv"`,
  });
});

/** RFC 4180. Days, model ids, key ids and counts need no quotes. */
function usageCsv(rows: readonly UsageRow[]): string {
  const lines = rows.map((row) =>
    [
      row.day,
      row.model,
      row.keyId,
      row.requests,
      row.promptTokens,
      row.completionTokens,
      row.cachedTokens,
      row.costMicros,
    ].join(","),
  );
  const header = "day,model,key,requests,prompt_tokens,completion_tokens,cached_tokens,cost_micros";
  return `${[header, ...lines].join("\r\n")}\r\n`;
}
