import type { LedgerTotals } from "../objects/ledger.ts";
import type { Metric, Sample } from "./exposition.ts";

export interface TenantTotals extends LedgerTotals {
  readonly tenant: string;
}

const MICROS = 1_000_000;

/** What tenants used and were refused, exactly, from their ledgers. */
export function tenantMetrics(tenants: readonly TenantTotals[]): Metric[] {
  const requests: Sample[] = [];
  const tokens: Sample[] = [];
  const cached: Sample[] = [];
  const costs: Sample[] = [];
  const refusals: Sample[] = [];
  for (const { tenant, models, refusals: refused } of tenants) {
    for (const [model, sums] of Object.entries(models)) {
      requests.push({ labels: { tenant, model }, value: sums.requests });
      if (model === "") continue;
      tokens.push({ labels: { tenant, model, kind: "prompt" }, value: sums.promptTokens });
      tokens.push({ labels: { tenant, model, kind: "completion" }, value: sums.completionTokens });
      cached.push({ labels: { tenant, model }, value: sums.cachedTokens });
      costs.push({ labels: { tenant, model }, value: sums.costMicros / MICROS });
    }
    for (const [reason, value] of Object.entries(refused)) refusals.push({ labels: { tenant, reason }, value });
  }
  const running = tenants.map(({ tenant, now }) => ({ labels: { tenant }, value: now.running }));
  const used = tenants.flatMap(({ tenant, limits, now }) => [
    ...share({ tenant, limit: "requests_per_minute" }, now.requestsThisMinute, limits.requestsPerMinute),
    ...share({ tenant, limit: "tokens_per_minute" }, now.tokensThisMinute, limits.tokensPerMinute),
    ...share({ tenant, limit: "concurrency" }, now.running, limits.concurrency),
    ...share({ tenant, limit: "tokens_per_day" }, now.tokensToday, limits.tokensPerDay),
    ...share({ tenant, limit: "budget_per_month" }, now.microsThisMonth, limits.budgetMicrosPerMonth),
  ]);
  return [
    {
      name: "lapidary_tenant_requests_total",
      type: "counter",
      help: "Requests admitted and settled.",
      samples: requests,
    },
    { name: "lapidary_tenant_tokens_total", type: "counter", help: "Tokens of prompts and answers.", samples: tokens },
    {
      name: "lapidary_tenant_cached_tokens_total",
      type: "counter",
      help: "Of the prompts' tokens, those that a prefix cache held.",
      samples: cached,
    },
    { name: "lapidary_tenant_cost_total", type: "counter", help: "In the currency of the prices.", samples: costs },
    { name: "lapidary_tenant_refusals_total", type: "counter", help: "Requests refused.", samples: refusals },
    { name: "lapidary_tenant_running", type: "gauge", help: "Generations that run.", samples: running },
    {
      name: "lapidary_tenant_limit_used_ratio",
      type: "gauge",
      help: "Of each limit that the tenant has, with what running generations have reserved.",
      samples: used,
    },
  ];
}

const share = (labels: Sample["labels"] & object, used: number, limit: number | null): Sample[] =>
  limit === null ? [] : [{ labels, value: used / limit }];
