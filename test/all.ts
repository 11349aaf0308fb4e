/** `npm test`: static checks, then every vitest project; arguments go to vitest. */
import { spawnSync } from "node:child_process";
import { checkSources } from "./check-sources.ts";

const checked = checkSources();
const { status } = spawnSync(
  "vitest",
  ["run", "--reporter=default", "--reporter=./test/closing-line.ts", ...process.argv.slice(2)],
  { stdio: "inherit", cwd: new URL("..", import.meta.url) },
);
if (!checked) console.log("The static checks failed (see the top of this output).");
process.exit(checked && status === 0 ? 0 : 1);
