import { askAdmin } from "../admin-client.ts";
import type { DeployState } from "./state.ts";

/** A new address takes a while to be known everywhere. */
const HEALTHY_LIMIT_MS = 120_000;
const RETRY_MS = 2000;
const CHECK_TENANT = "deploy-check";
const PROMPT = "The";
const MAX_TOKENS = 4;

/** Waits until a deployed service answers, has it load its weights, and asks it for some tokens; rejects when it cannot. */
export async function smokeTest(url: string, { secrets }: DeployState, say: (line: string) => void): Promise<void> {
  say(`waiting for ${url}/health …`);
  const model = await untilHealthy(url);
  const admin = { url, adminKey: secrets.LAPIDARY_ADMIN_KEY };
  say("loading the weights …");
  await askAdmin(admin, "POST", "/load");
  // A check that was stopped may have left it.
  await askAdmin(admin, "DELETE", `/tenants/${CHECK_TENANT}`).catch(() => {});
  const tenant = await askAdmin(admin, "POST", "/tenants", { name: CHECK_TENANT });
  try {
    const { key } = (await tenant.json()) as { key: string };
    const startMs = performance.now();
    const response = await fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, prompt: PROMPT, max_tokens: MAX_TOKENS, ignore_eos: true }),
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
    say(`${MAX_TOKENS} tokens of ${model} in ${Math.round(performance.now() - startMs)} ms`);
  } finally {
    await askAdmin(admin, "DELETE", `/tenants/${CHECK_TENANT}`);
  }
}

/** Makes a tenant and returns its key, which nothing shows again. */
export async function firstKey(url: string, { secrets }: DeployState, tenant: string): Promise<string> {
  const admin = { url, adminKey: secrets.LAPIDARY_ADMIN_KEY };
  const created = await askAdmin(admin, "POST", "/tenants", { name: tenant, keyLabel: "first" });
  return ((await created.json()) as { key: string }).key;
}

/** Resolves with the name of the model served. */
async function untilHealthy(url: string): Promise<string> {
  const limitMs = Date.now() + HEALTHY_LIMIT_MS;
  for (;;) {
    const found = await fetch(`${url}/health`).catch((error: unknown) => error);
    if (found instanceof Response && found.ok) return ((await found.json()) as { model: string }).model;
    if (Date.now() > limitMs)
      throw new Error(
        `${url}/health did not answer 200 within ${HEALTHY_LIMIT_MS / 1000} s, last: ${found instanceof Response ? found.status : found}`,
      );
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
