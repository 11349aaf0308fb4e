import { Command } from "commander";
import { type AdminOptions, askAdmin, withAdminOptions } from "../admin-client.ts";
import { type LimitOptions, limitsOf, limitText, withKeyLimits } from "../limit-options.ts";
import { integerArgument } from "../number-argument.ts";
import { table } from "../table.ts";
import { timeOrNeverArgument } from "../time-argument.ts";

const MONTH_SECONDS = 30 * 86_400;

type KeyOptions = AdminOptions & LimitOptions & { label?: string; expires?: string };

interface Key {
  readonly id: string;
  readonly label: string;
  readonly state: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly limits: Readonly<Record<string, unknown>>;
  /** Only in the answer that made it. */
  readonly key?: string;
}

/** `lapidary keys …` over the admin API. */
export function keysCommand(): Command {
  const command = (name: string, description: string) =>
    withAdminOptions(new Command(name).description(description)).argument("<tenant>");
  return new Command("keys")
    .description("a tenant's API keys: list, create, change, rotate, revoke")
    .addCommand(command("list", "list a tenant's keys, without their secrets").action(list))
    .addCommand(
      withKeyLimits(command("create", "make one more key and print it, once"))
        .option("--label <text>", "what it is for")
        .option("--expires <time>", "as in 2027-01-31T00:00:00Z", timeOrNeverArgument)
        .action(async (tenant: string, options: KeyOptions) => {
          const { label, expires: expiresAt } = options;
          await ask(options, "POST", keysOf(tenant), { label, expiresAt, limits: limitsOf(options) });
        }),
    )
    .addCommand(
      withKeyLimits(command("change", "change a key, from its next request on"))
        .argument("<key-id>")
        .option("--label <text>")
        .option("--expires <time>", 'as in 2027-01-31T00:00:00Z, or "never"', timeOrNeverArgument)
        .action(async (tenant: string, id: string, options: KeyOptions) => {
          const { label, expires: expiresAt } = options;
          await ask(options, "PATCH", keyOf(tenant, id), { label, expiresAt, limits: limitsOf(options) });
        }),
    )
    .addCommand(
      command("rotate", "print a new key in the place of an old one, which works on for a while")
        .argument("<key-id>")
        .option("--grace-seconds <n>", "how long the old one works (default: a day)", integerArgument(0, MONTH_SECONDS))
        .action(async (tenant: string, id: string, options: AdminOptions & { graceSeconds?: number }) => {
          await ask(options, "POST", `${keyOf(tenant, id)}/rotate`, { graceSeconds: options.graceSeconds });
        }),
    )
    .addCommand(
      command("revoke", "end a key at once")
        .argument("<key-id>")
        .action(async (tenant: string, id: string, options: AdminOptions) => {
          await ask(options, "DELETE", keyOf(tenant, id));
        }),
    );
}

const keysOf = (tenant: string) => `/tenants/${encodeURIComponent(tenant)}/keys`;
const keyOf = (tenant: string, id: string) => `${keysOf(tenant)}/${encodeURIComponent(id)}`;

async function list(tenant: string, options: AdminOptions): Promise<void> {
  const { keys } = (await (await askAdmin(options, "GET", keysOf(tenant))).json()) as { keys: Key[] };
  process.stdout.write(options.json ? `${JSON.stringify(keys, null, 2)}\n` : table(keys.map(row)));
}

/** Asks and prints the key that the answer is about; with its secret alone on the last line when it is new. */
async function ask(options: AdminOptions, method: string, path: string, body?: object): Promise<void> {
  const key = (await (await askAdmin(options, method, path, body)).json()) as Key;
  if (options.json) return void process.stdout.write(`${JSON.stringify(key, null, 2)}\n`);
  process.stdout.write(table([row(key)]));
  if (!key.key) return;
  process.stdout.write(`\n${key.key}\n`);
  process.stderr.write("This key is shown only now: keep it.\n");
}

const row = ({ id, label, state, createdAt, expiresAt, lastUsedAt, limits }: Key) => ({
  id,
  state,
  label: label || "-",
  created: createdAt,
  expires: expiresAt ?? "never",
  "last used": lastUsedAt ?? "never",
  "own limits": ownLimits(limits),
});

const ownLimits = (limits: Key["limits"]) =>
  Object.entries(limits)
    .flatMap(([name, value]) => (value === null ? [] : [`${name} ${limitText(value)}`]))
    .join("; ") || "-";
