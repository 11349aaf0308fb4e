import { Command, InvalidArgumentError, Option } from "commander";
import { type AdminOptions, askAdmin, withAdminOptions } from "../admin-client.ts";
import { type LimitOptions, limitsOf, limitText, withRaisableLimits, withTenantLimits } from "../limit-options.ts";
import { integerArgument } from "../number-argument.ts";
import { table } from "../table.ts";
import { timeArgument } from "../time-argument.ts";

const PAGE = 1000;
/** As many as are kept. */
const AUDIT_ENTRIES = 10_000;

interface AliasOptions {
  alias?: Record<string, string>;
}

interface Tenant {
  readonly name: string;
  readonly createdAt: string;
  readonly blocked: boolean;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly now: Readonly<Record<string, number>>;
  readonly raise: { readonly limits: Readonly<Record<string, unknown>>; readonly expiresAt: string } | null;
  readonly aliases: Readonly<Record<string, string>>;
  readonly alerts: readonly { limit: string; percent: number; keyId: string | null }[];
}

/** `lapidary tenants …` over the admin API. */
export function tenantsCommand(): Command {
  return new Command("tenants")
    .description("who may use a service and how much: list, create, show, change, raise, delete, usage, audit")
    .addCommand(withAdminOptions(new Command("list").description("list the tenants")).action(list))
    .addCommand(
      withTenantLimits(
        new Command("create").description("create a tenant and print its first key, which is shown only once"),
      )
        .argument("<tenant>", "1 to 40 of a-z, 0-9 and -")
        .option("--key-label <text>", "what its first key is for")
        .option("--alias <name=model>", "another name for a model; once for each", aliasArgument)
        .action(create),
    )
    .addCommand(
      withAdminOptions(new Command("show").description("show a tenant's limits and what it holds now"))
        .argument("<tenant>")
        .action(show),
    )
    .addCommand(
      withTenantLimits(new Command("change").description("change a tenant, from its next request on"))
        .argument("<tenant>")
        .option("--block", "answer all its keys with 403")
        .option("--unblock", "let its keys in again")
        .option("--alias <name=model>", "another name for a model, once for each; all of them anew", aliasArgument)
        .option("--no-aliases", "no other names for models")
        .action(change),
    )
    .addCommand(
      withRaisableLimits(new Command("raise").description("give a tenant higher limits for a while"))
        .argument("<tenant>")
        .option("--until <time>", "as in 2027-01-31T00:00:00Z", timeArgument)
        .option("--end", "end the raise that lasts")
        .action(raise),
    )
    .addCommand(
      withAdminOptions(new Command("delete").description("forget a tenant with its keys and its usage"))
        .argument("<tenant>")
        .requiredOption("--yes", "there is no way back")
        .action(async (tenant: string, options: AdminOptions) => {
          await askAdmin(options, "DELETE", `/tenants/${encodeURIComponent(tenant)}`);
        }),
    )
    .addCommand(
      withAdminOptions(new Command("usage").description("print a tenant's usage by day, model and key, or by label"))
        .argument("<tenant>")
        .option("--from <day>", "first UTC day, as in 2027-01-31 (default: 30 days)")
        .option("--to <day>", "last UTC day (default: today)")
        .addOption(new Option("--users", "by the `user` that requests name").conflicts("metadata"))
        .option("--metadata", "by each entry of the `metadata` of requests")
        .option("--csv", "as CSV")
        .action(usage),
    )
    .addCommand(
      withAdminOptions(new Command("audit").description("print what operators did, newest first"))
        .option("--limit <entries>", "how many", integerArgument(1, AUDIT_ENTRIES), 50)
        .action(audit),
    );
}

function aliasArgument(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name, model, ...more] = text.split("=");
  if (!name || !model || more.length > 0) throw new InvalidArgumentError("Expected NAME=MODEL.");
  return { ...before, [name]: model };
}

async function list(options: AdminOptions): Promise<void> {
  const tenants: { name: string; createdAt: string }[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const response = await askAdmin(options, "GET", `/tenants?limit=${PAGE}&after=${encodeURIComponent(after)}`);
    const page = (await response.json()) as { tenants: typeof tenants; next: string | null };
    tenants.push(...page.tenants);
    after = page.next;
  }
  if (options.json) return printJson(tenants);
  process.stdout.write(table(tenants.map(({ name, createdAt }) => ({ tenant: name, created: createdAt }))));
}

async function create(
  name: string,
  options: AdminOptions & LimitOptions & AliasOptions & { keyLabel?: string },
): Promise<void> {
  const { keyLabel, alias: aliases } = options;
  const response = await askAdmin(options, "POST", "/tenants", { name, limits: limitsOf(options), aliases, keyLabel });
  const tenant = (await response.json()) as Tenant & { key: string };
  if (options.json) return printJson(tenant);
  printTenant(tenant);
  process.stdout.write(`\n${tenant.key}\n`);
  process.stderr.write("This key is shown only now: keep it.\n");
}

async function show(name: string, options: AdminOptions): Promise<void> {
  const response = await askAdmin(options, "GET", `/tenants/${encodeURIComponent(name)}`);
  const tenant = (await response.json()) as Tenant;
  if (options.json) return printJson(tenant);
  printTenant(tenant);
}

async function change(
  name: string,
  options: AdminOptions & LimitOptions & AliasOptions & { aliases: boolean; block?: boolean; unblock?: boolean },
): Promise<void> {
  if (options.block && options.unblock) throw new Error("Either --block or --unblock.");
  if (options.alias && !options.aliases) throw new Error("Either --alias or --no-aliases.");
  const blocked = options.block ? true : options.unblock ? false : undefined;
  const aliases = options.aliases ? options.alias : {};
  await patch(name, options, { limits: limitsOf(options), blocked, aliases });
}

async function raise(
  name: string,
  options: AdminOptions & LimitOptions & { until?: string; end?: boolean },
): Promise<void> {
  if ((options.end === true) === (options.until !== undefined))
    throw new Error("Either --until with limits, or --end.");
  const higher = { limits: limitsOf(options), expiresAt: options.until };
  await patch(name, options, { raise: options.end ? "none" : higher });
}

async function patch(name: string, options: AdminOptions, body: object): Promise<void> {
  const response = await askAdmin(options, "PATCH", `/tenants/${encodeURIComponent(name)}`, body);
  const tenant = (await response.json()) as Tenant;
  if (options.json) return printJson(tenant);
  printTenant(tenant);
}

async function usage(
  name: string,
  options: AdminOptions & { from?: string; to?: string; users?: true; metadata?: true; csv?: true },
): Promise<void> {
  const query = new URLSearchParams();
  if (options.from) query.set("from", options.from);
  if (options.to) query.set("to", options.to);
  if (options.csv) query.set("format", "csv");
  const by = options.users ? "/users" : options.metadata ? "/metadata" : "";
  const path = `/tenants/${encodeURIComponent(name)}/usage${by}`;
  const response = await askAdmin(options, "GET", `${path}?${query}`);
  if (options.csv) return void process.stdout.write(await response.text());
  const report = (await response.json()) as Record<string, Record<string, string | number>[]>;
  if (options.json) return printJson(report);
  process.stdout.write(table(report.users ?? report.metadata ?? report.usage ?? []));
  if (report.refusals?.length) process.stdout.write(`\nRefused:\n${table(report.refusals)}`);
}

async function audit(options: AdminOptions & { limit: number }): Promise<void> {
  const entries: Record<string, unknown>[] = [];
  for (let before: number | null | undefined; before !== null && entries.length < options.limit; ) {
    const limit = Math.min(PAGE, options.limit - entries.length);
    const response = await askAdmin(options, "GET", `/audit?limit=${limit}${before ? `&before=${before}` : ""}`);
    const page = (await response.json()) as { entries: typeof entries; next: number | null };
    entries.push(...page.entries);
    before = page.next;
  }
  if (options.json) return printJson(entries);
  const rows = entries.map(({ at, action, tenant, status, detail }) => ({
    at: String(at),
    status: String(status ?? "cut off"),
    tenant: String(tenant ?? ""),
    action: String(action),
    detail: JSON.stringify(detail),
  }));
  process.stdout.write(table(rows));
}

function printTenant({ name, createdAt, blocked, limits, raise, aliases, now, alerts }: Tenant): void {
  const limitTable = (shown: Tenant["limits"]) =>
    table(Object.entries(shown).map(([limit, value]) => ({ limit, value: limitText(value) })));
  process.stdout.write(`${name}${blocked ? ", BLOCKED" : ""}, since ${createdAt}\n${limitTable(limits)}`);
  if (raise) process.stdout.write(`\nUntil ${raise.expiresAt} at least:\n${limitTable(raise.limits)}`);
  const names = Object.entries(aliases).map(([alias, model]) => ({ alias, model }));
  if (names.length > 0) process.stdout.write(`\n${table(names)}`);
  process.stdout.write(`\nNow:\n${table(Object.entries(now).map(([what, count]) => ({ what, count })))}`);
  for (const { limit, percent, keyId } of alerts)
    process.stdout.write(`\nMore than ${percent} % of ${limit}${keyId ? ` of ${keyId}` : ""} is used.\n`);
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
