import type { Labels, Metric, Sample } from "./exposition.ts";

/** Upper bounds in seconds: from a warm laptop's token to a cold start. */
const BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What is observed, where it is shown, and as which phase of it. */
const HISTOGRAMS = {
  request: { metric: "request_seconds", labels: {} },
  first_token: { metric: "first_token_seconds", labels: {} },
  inter_token: { metric: "inter_token_seconds", labels: {} },
  queue: { metric: "phase_seconds", labels: { phase: "queue" } },
  prefill: { metric: "phase_seconds", labels: { phase: "prefill" } },
  decode: { metric: "phase_seconds", labels: { phase: "decode" } },
  sampling: { metric: "phase_seconds", labels: { phase: "sampling" } },
  wire: { metric: "wire_seconds", labels: {} },
} as const;

const HELP = {
  request_seconds: "From a request's arrival to its status.",
  first_token_seconds: "From a request's arrival to its first token.",
  inter_token_seconds: "Between two tokens of one answer, as the gateway sees them.",
  phase_seconds: "Of a generation, as its conductor sees it; they follow each other.",
  wire_seconds: "Of a generation's prefill, decode and sampling: what was spent between parts.",
} as const;

export type Histogram = keyof typeof HISTOGRAMS;

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
    const histograms = Object.entries(HELP).map(([metric, help]) => ({
      name: `lapidary_${metric}`,
      type: "histogram" as const,
      help,
      samples: Object.entries(HISTOGRAMS)
        .filter(([, shown]) => shown.metric === metric)
        .flatMap(([name, { labels }]) => histogramSamples(labels, this.#histogram(name))),
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

function histogramSamples(labels: Labels, { counts, sumSeconds }: { counts: number[]; sumSeconds: number }): Sample[] {
  let total = 0;
  const buckets = [...BUCKETS_SECONDS.map(String), "+Inf"].map((le, index) => {
    total += counts[index]!;
    return { suffix: "_bucket", labels: { ...labels, le }, value: total };
  });
  return [...buckets, { suffix: "_sum", labels, value: sumSeconds }, { suffix: "_count", labels, value: total }];
}
