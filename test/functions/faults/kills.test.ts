import { env } from "cloudflare:workers";
import { beforeEach, expect, test, vi } from "vitest";
import { deployedModel } from "../../../functions/model.ts";
import { conductorOf } from "../../../functions/routes/conductor-of.ts";
import { mixedRequests } from "../../load/mixed-requests.ts";
import { MODEL, newCaller } from "../gateway/caller.ts";
import { allFree } from "../ring/conductors.ts";
import { choices, type Kind, kill, watchLinks } from "./kills.ts";
import { answerTo } from "./mixed-answer.ts";

const REQUESTS = 40;
const KILLS = 100;
/** Each waits until the last one's victim is gone, which takes longer while the others recover. */
const KILLERS = 3;
/** What all requests take together when nothing is killed, over what a killer waits: a busy machine recovers slowly too. */
const KILLS_A_ROUND = 10;
const TIME_LIMIT_MS = 600_000;

const limits = { concurrency: REQUESTS, requestsPerMinute: 100_000, tokensPerMinute: 10_000_000 };
const requests = mixedRequests(MODEL, REQUESTS);

beforeEach(() => {
  // Every loss is told; hundreds of them say nothing new.
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

test(
  "40 mixed requests are answered the same alone, all at once, and while everything is killed at random",
  async () => {
    watchLinks();
    const caller = await newCaller(limits);
    const expected = [];
    for (const request of requests) expected.push(await answerTo(caller, request));
    const allAtOnce = () => Promise.all(requests.map((request) => answerTo(caller, request)));
    const startMs = performance.now();
    expect(await allAtOnce()).toEqual(expected);
    const betweenKillsMs = (performance.now() - startMs) / KILLS_A_ROUND;

    const kills = new Map<Kind, number>();
    const count = () => [...kills.values()].reduce((sum, number) => sum + number, 0);
    const choose = choices(20_261_123);
    let over = false;
    const killing = Array.from({ length: KILLERS }, async () => {
      while (!over) {
        await new Promise((resolve) => setTimeout(resolve, betweenKillsMs));
        const kind = await kill(choose);
        if (kind !== null) kills.set(kind, (kills.get(kind) ?? 0) + 1);
      }
    });
    try {
      while (count() < KILLS) expect(await allAtOnce()).toEqual(expected);
    } finally {
      over = true;
      await Promise.all(killing);
    }
    expect([...kills.keys()].sort()).toEqual(["conductor", "link", "shard", "stage"]);
    await allFree(conductorOf(env, await deployedModel(env)));
  },
  TIME_LIMIT_MS,
);
