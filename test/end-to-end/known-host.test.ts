import { request } from "node:http";
import { expect, test } from "vitest";
import { startLocalServer } from "./local-server.ts";

/** The status of /health under another name, which fetch would not send. */
function statusAs(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(`${url}/health`, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

test("a local server answers to this machine's names, and to no name that a page points at it", async () => {
  await using server = await startLocalServer();
  const hosts = ["127.0.0.1:1", "localhost", "rebound.example.com", "rebound.example.com:8787"];
  const statuses = await Promise.all(hosts.map((host) => statusAs(server.url, host)));
  expect(statuses).toEqual([200, 200, 421, 421]);
});
