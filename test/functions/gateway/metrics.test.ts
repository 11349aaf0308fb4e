import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { api } from "../../../functions/api.ts";
import { MODEL, newCaller, question, request } from "./caller.ts";

const TOKEN = "metrics-token-of-the-tests-0123456789abc";

async function scrape(token: string, bindings: object = { LAPIDARY_METRICS_TOKEN: TOKEN }) {
  const context = createExecutionContext();
  const headers = { authorization: `Bearer ${token}` };
  const asked = new Request("https://lapidary.test/metrics", { headers });
  const response = await api.fetch(asked, { ...env, ...bindings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** Samples by name with labels. */
const samplesOf = (text: string) =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );

describe("/metrics", () => {
  test("is for the holder of its token", async () => {
    expect((await request("/metrics")).status).toBe(404);
    expect((await scrape(TOKEN, {})).status).toBe(404);
    expect((await scrape("x")).status).toBe(401);
  });

  test("shows requests, times and what tenants used and were refused", async () => {
    const caller = await newCaller({ requestsPerMinute: 1, tokensPerDay: 1_000 });
    const answer = await caller.post("/v1/chat/completions", question("What is 7 + 8?", { max_tokens: 4 }));
    const { usage } = await answer.json<{ usage: Record<string, number> }>();
    await caller.get("/v1/models");
    await request(`/made-up/${caller.tenant}`);

    const response = await scrape(TOKEN);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    const samples = samplesOf(text);
    const { tenant } = caller;
    expect(samples[`lapidary_tenant_requests_total{tenant="${tenant}",model="${MODEL}"}`]).toBe(1);
    const tokens = (kind: string) =>
      samples[`lapidary_tenant_tokens_total{tenant="${tenant}",model="${MODEL}",kind="${kind}"}`];
    expect([tokens("prompt"), tokens("completion")]).toEqual([usage.prompt_tokens, usage.completion_tokens]);
    expect(samples[`lapidary_tenant_cached_tokens_total{tenant="${tenant}",model="${MODEL}"}`]).toBe(0);
    const micros = Math.ceil(usage.prompt_tokens! + 2.5 * usage.completion_tokens!);
    expect(samples[`lapidary_tenant_cost_total{tenant="${tenant}",model="${MODEL}"}`]).toBe(micros / 1_000_000);
    const used = (limit: string) => samples[`lapidary_tenant_limit_used_ratio{tenant="${tenant}",limit="${limit}"}`];
    expect([used("requests_per_minute"), used("concurrency")]).toEqual([1, 0]);
    expect(used("tokens_per_day")).toBe(usage.total_tokens! / 1_000);
    expect(used("budget_per_month")).toBeUndefined();
    expect(samples[`lapidary_tenant_refusals_total{tenant="${tenant}",reason="requests"}`]).toBe(1);
    expect(samples[`lapidary_tenant_running{tenant="${tenant}"}`]).toBe(0);
    expect(samples['lapidary_http_requests_total{method="POST",route="/v1/chat/completions",status="200"}']).toBe(1);
    expect(samples['lapidary_http_requests_total{method="GET",route="/v1/models",status="429"}']).toBe(1);
    expect(samples['lapidary_http_requests_total{method="GET",route="none",status="404"}']).toBe(1);
    expect(samples['lapidary_first_token_seconds_bucket{le="+Inf"}']).toBe(1);
    expect(samples.lapidary_first_token_seconds_count).toBe(1);
    for (const phase of ["queue", "prefill", "decode", "sampling"])
      expect(samples[`lapidary_phase_seconds_count{phase="${phase}"}`]).toBe(1);
    expect(samples[`lapidary_phase_seconds_bucket{phase="prefill",le="+Inf"}`]).toBe(1);
    expect(samples.lapidary_wire_seconds_count).toBe(1);
    expect(samples.lapidary_hop_seconds).toBeGreaterThanOrEqual(0);
    expect(samples.lapidary_pipeline_sessions).toBe(0);
    expect(text).not.toContain("made-up");
    expect(text).not.toContain(caller.key.split("_")[2]);

    // Counters only grow, and what was handed over once is not counted twice.
    const again = samplesOf(await (await scrape(TOKEN)).text());
    expect(again['lapidary_http_requests_total{method="POST",route="/v1/chat/completions",status="200"}']).toBe(1);
  });
});
