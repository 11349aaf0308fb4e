import { DEFAULT_URL } from "./admin-client.ts";
import { knownDevKey } from "./dev-key.ts";

/** An OpenAI-compatible service and a model of it. */
export interface Service {
  /** Ends in /v1. */
  readonly baseUrl: string;
  readonly key: string;
  readonly model: string;
}

export interface ServiceOptions {
  readonly url?: string;
  readonly key?: string;
  readonly model?: string;
}

/** The service that options or the environment name, else the local one; the first model it lists unless one is named. */
export async function findService(options: ServiceOptions): Promise<Service> {
  // A key in the environment belongs to the address beside it and goes nowhere else.
  const { OPENAI_BASE_URL: environmentUrl, OPENAI_API_KEY: environmentKey } = process.env;
  const given = options.url ?? environmentUrl ?? DEFAULT_URL;
  const baseUrl = `${given.replace(/\/(v1\/?)?$/, "")}/v1`;
  const key = options.key ?? (given === environmentUrl ? environmentKey : knownDevKey());
  if (!key) throw new Error("Which API key? Give --key; a local server's comes with `npm start` or `lapidary key`.");
  if (options.model) return { baseUrl, key, model: options.model };
  const response = await fetch(`${baseUrl}/models`, { headers: { authorization: `Bearer ${key}` } }).catch((cause) => {
    throw new Error(`Nothing answers at ${baseUrl}. Start the service (npm start), or give its address with --url.`, {
      cause,
    });
  });
  const { data, error } = (await response.json()) as { data?: { id: string }[]; error?: { message: string } };
  if (!data?.[0]) throw new Error(error?.message ?? `${baseUrl} lists no model that this key may use.`);
  return { baseUrl, key, model: data[0].id };
}
