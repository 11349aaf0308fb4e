/** Lint, format and type checks: `npm run check`; also the first part of `npm test`. */
import { checkSources } from "./check-sources.ts";

process.exit(checkSources() ? 0 : 1);
