import type { Metric } from "./exposition.ts";

/** Upper bounds in seconds: from a warm laptop's token to a cold start. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type Histogram = "first_token" | "inter_token" | "request";

/** Counts since they were last taken: plain values for RPC. */
export interface TallyCounts {
  /** Requests by `METHOD route status`. */
  readonly requests: Record<string, number>;
  /** By histogram: how many fell under each bound (and over the last), and their sum. */
  readonly histograms: Record<string, { counts: number[]; sumSeconds: number }>;
}

/** What one isolate saw of requests, or all of them together. */
export class Tally {
  #requests: Record<string, number> = {};
  #histograms: TallyCounts["histograms"] = {};

  countRequest(method: string, route: string, status: number): void {
    const name = `${method} ${route} ${status}`;
    this.#requests[name] = (this.#requests[name] ?? 0) + 1;
  }

  observe(histogram: Histogram, durationMs: number): void {
    const seconds = durationMs / 1000;
    const entry = this.#histogram(histogram);
    const bound = BUCKETS_SECONDS.findIndex((limit) => seconds <= limit);
    entry.counts[bound < 0 ? BUCKETS_SECONDS.length : bound]! += 1;
    entry.sumSeconds += seconds;
  }

  /** Everything since the last time; begins anew. */
  take(): TallyCounts {
    const taken = { requests: this.#requests, histograms: this.#histograms };
    this.#requests = {};
    this.#histograms = {};
    return taken;
  }

  /** Adds what another tally took. */
  add({ requests, histograms }: TallyCounts): void {
    for (const [name, count] of Object.entries(requests)) this.#requests[name] = (this.#requests[name] ?? 0) + count;
    for (const [name, { counts, sumSeconds }] of Object.entries(histograms)) {
      const entry = this.#histogram(name);
      for (const [index, count] of counts.entries()) entry.counts[index]! += count;
      entry.sumSeconds += sumSeconds;
    }
  }

  metrics(): Metric[] {
    const requests = Object.entries(this.#requests).map(([name, value]) => {
      const [method = "", route = "", status = ""] = name.split(" ");
      return { labels: { method, route, status }, value };
    });
    const help: Record<Histogram, string> = {
      first_token: "From a request's arrival to its first token",
      inter_token: "Between two tokens of one answer, as the gateway sees them",
      request: "From a request's arrival to its status",
    };
    const histograms = (Object.keys(help) as Histogram[]).map((name) => ({
      name: `lapidary_${name}_seconds`,
      type: "histogram" as const,
      help: `${help[name]}.`,
      samples: histogramSamples(this.#histogram(name)),
    }));
    return [
      { name: "lapidary_http_requests_total", type: "counter", help: "Requests answered.", samples: requests },
      ...histograms,
    ];
  }

  #histogram(name: string) {
    this.#histograms[name] ??= { counts: new Array<number>(BUCKETS_SECONDS.length + 1).fill(0), sumSeconds: 0 };
    return this.#histograms[name];
  }
}

function histogramSamples({ counts, sumSeconds }: { counts: number[]; sumSeconds: number }) {
  let total = 0;
  const buckets = [...BUCKETS_SECONDS.map(String), "+Inf"].map((le, index) => {
    total += counts[index]!;
    return { suffix: "_bucket", labels: { le }, value: total };
  });
  return [...buckets, { suffix: "_sum", value: sumSeconds }, { suffix: "_count", value: total }];
}
