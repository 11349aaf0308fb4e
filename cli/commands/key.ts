import { Command } from "commander";
import { ensureDevKey } from "../dev-key.ts";

export function keyCommand(): Command {
  return new Command("key")
    .description(
      "print the development key of a server on this machine (made when there is none), and leave it in .lapidary/dev-key",
    )
    .option("--url <url>", "where `npx wrangler dev` or `npm start` serves", "http://127.0.0.1:8787")
    .action(async ({ url }: { url: string }) => {
      const origin = new URL(url).origin;
      const up = await fetch(`${origin}/health`).then(
        (response) => response.ok,
        () => false,
      );
      if (!up)
        throw new Error(`Nothing answers ${origin}/health. Start the server first, or give its address with --url.`);
      process.stdout.write(`${await ensureDevKey(origin)}\n`);
    });
}
