import type { Conductor } from "./objects/conductor.ts";
import type { Directory } from "./objects/directory.ts";
import type { Ledger } from "./objects/ledger.ts";
import type { ResponseStore } from "./objects/response-store.ts";
import type { Stage } from "./objects/stage.ts";
import type { Vocabulary } from "./objects/vocabulary-shard.ts";

/** The bindings of wrangler.toml. Variables and secrets are read through settings.ts alone, which checks them. */
export interface Env {
  readonly ASSETS: Fetcher;
  /** Counts requests without a valid key, by address. */
  readonly KEYLESS: RateLimit;
  readonly CONDUCTOR: DurableObjectNamespace<Conductor>;
  readonly STAGE: DurableObjectNamespace<Stage>;
  readonly VOCABULARY: DurableObjectNamespace<Vocabulary>;
  readonly LEDGER: DurableObjectNamespace<Ledger>;
  readonly DIRECTORY: DurableObjectNamespace<Directory>;
  readonly RESPONSES: DurableObjectNamespace<ResponseStore>;
}

type Bindings = Env;

declare global {
  namespace Cloudflare {
    // These type `env` and `exports` of "cloudflare:workers", which the tests use.
    interface Env extends Bindings {}
    interface GlobalProps {
      mainModule: typeof import("./gateway.ts");
    }
  }
}
