import type { UsageTotals } from "../tenants/usage-book.ts";
import type { Metric, Sample } from "./exposition.ts";

export interface TenantTotals extends UsageTotals {
  readonly tenant: string;
  /** Generations. */
  readonly running: number;
}

/** What tenants used and were refused, exactly, from their ledgers. */
export function tenantMetrics(tenants: readonly TenantTotals[]): Metric[] {
  const requests: Sample[] = [];
  const tokens: Sample[] = [];
  const refusals: Sample[] = [];
  for (const { tenant, models, refusals: refused } of tenants) {
    for (const [model, sums] of Object.entries(models)) {
      requests.push({ labels: { tenant, model }, value: sums.requests });
      if (model === "") continue;
      tokens.push({ labels: { tenant, model, kind: "prompt" }, value: sums.promptTokens });
      tokens.push({ labels: { tenant, model, kind: "completion" }, value: sums.completionTokens });
    }
    for (const [reason, value] of Object.entries(refused)) refusals.push({ labels: { tenant, reason }, value });
  }
  const running = tenants.map(({ tenant, running: value }) => ({ labels: { tenant }, value }));
  return [
    {
      name: "lapidary_tenant_requests_total",
      type: "counter",
      help: "Requests admitted and settled.",
      samples: requests,
    },
    { name: "lapidary_tenant_tokens_total", type: "counter", help: "Tokens computed.", samples: tokens },
    { name: "lapidary_tenant_refusals_total", type: "counter", help: "Requests refused.", samples: refusals },
    { name: "lapidary_tenant_running", type: "gauge", help: "Generations that run.", samples: running },
  ];
}
