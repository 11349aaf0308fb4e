import { Command } from "commander";
import { type AdminOptions, askAdmin, withAdminOptions } from "../admin-client.ts";
import { integerArgument } from "../number-argument.ts";
import { table } from "../table.ts";

const LARGEST = 1e12;
const PAGE = 1000;

interface LimitOptions {
  requestsPerMinute?: number;
  tokensPerMinute?: number;
  tokensPerDay?: number | "none";
  concurrency?: number;
  maxContextTokens?: number | "none";
  maxOutputTokens?: number;
  allowedModels?: string;
}

interface Tenant {
  readonly name: string;
  readonly createdAt: string;
  readonly blocked: boolean;
  readonly limits: Readonly<Record<string, unknown>>;
  readonly now: Readonly<Record<string, number>>;
  readonly alerts: readonly { limit: string; percent: number }[];
}

/** `lapidary tenants …` over the admin API. */
export function tenantsCommand(): Command {
  return new Command("tenants")
    .description("who may use a service and how much: list, create, show, change, delete, usage, audit")
    .addCommand(withAdminOptions(new Command("list").description("list the tenants")).action(list))
    .addCommand(
      withLimits(new Command("create").description("create a tenant and print its first key, which is shown only once"))
        .argument("<tenant>", "1 to 40 of a-z, 0-9 and -")
        .option("--key-label <text>", "what its first key is for")
        .action(create),
    )
    .addCommand(
      withAdminOptions(new Command("show").description("show a tenant's limits and what it holds now"))
        .argument("<tenant>")
        .action(show),
    )
    .addCommand(
      withLimits(new Command("change").description("change a tenant, from its next request on"))
        .argument("<tenant>")
        .option("--block", "answer all its keys with 403")
        .option("--unblock", "let its keys in again")
        .action(change),
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
      withAdminOptions(new Command("usage").description("print a tenant's usage by day, model and key"))
        .argument("<tenant>")
        .option("--from <day>", "first UTC day, as in 2027-01-31 (default: 30 days)")
        .option("--to <day>", "last UTC day (default: today)")
        .option("--csv", "as CSV")
        .action(usage),
    )
    .addCommand(
      withAdminOptions(new Command("audit").description("print what operators did, newest first"))
        .option("--limit <entries>", "how many", integerArgument(1, PAGE), 50)
        .action(audit),
    );
}

function withLimits(command: Command): Command {
  const whole = integerArgument(1, LARGEST);
  const wholeOrNone = (text: string) => (text === "none" ? text : whole(text));
  return withAdminOptions(command)
    .option("--requests-per-minute <n>", "requests in any 60 seconds", whole)
    .option("--tokens-per-minute <n>", "tokens of prompts and answers in any 60 seconds", whole)
    .option("--tokens-per-day <n>", 'tokens of a UTC day, or "none"', wholeOrNone)
    .option("--concurrency <n>", "generations at the same time", whole)
    .option("--max-context-tokens <n>", 'tokens of one prompt and its answer, or "none"', wholeOrNone)
    .option("--max-output-tokens <n>", "tokens of one answer", whole)
    .option("--allowed-models <ids>", 'model ids separated by commas, or "any"');
}

/** The API's limits: null is none; what was not given is undefined, which JSON leaves out. */
function limitsOf(options: LimitOptions): object {
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, concurrency } = options;
  const { maxContextTokens, maxOutputTokens, allowedModels } = options;
  return {
    requestsPerMinute,
    tokensPerMinute,
    tokensPerDay: tokensPerDay === "none" ? null : tokensPerDay,
    concurrency,
    maxContextTokens: maxContextTokens === "none" ? null : maxContextTokens,
    maxOutputTokens,
    allowedModels: allowedModels === "any" ? null : allowedModels?.split(",").map((id) => id.trim()),
  };
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

async function create(name: string, options: AdminOptions & LimitOptions & { keyLabel?: string }): Promise<void> {
  const { keyLabel } = options;
  const response = await askAdmin(options, "POST", "/tenants", { name, limits: limitsOf(options), keyLabel });
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
  options: AdminOptions & LimitOptions & { block?: boolean; unblock?: boolean },
): Promise<void> {
  if (options.block && options.unblock) throw new Error("Either --block or --unblock.");
  const blocked = options.block ? true : options.unblock ? false : undefined;
  const body = { limits: limitsOf(options), blocked };
  const response = await askAdmin(options, "PATCH", `/tenants/${encodeURIComponent(name)}`, body);
  const tenant = (await response.json()) as Tenant;
  if (options.json) return printJson(tenant);
  printTenant(tenant);
}

async function usage(
  name: string,
  options: AdminOptions & { from?: string; to?: string; csv?: boolean },
): Promise<void> {
  const query = new URLSearchParams();
  if (options.from) query.set("from", options.from);
  if (options.to) query.set("to", options.to);
  if (options.csv) query.set("format", "csv");
  const response = await askAdmin(options, "GET", `/tenants/${encodeURIComponent(name)}/usage?${query}`);
  if (options.csv) return void process.stdout.write(await response.text());
  const report = (await response.json()) as Record<"usage" | "refusals", Record<string, string | number>[]>;
  if (options.json) return printJson(report);
  process.stdout.write(table(report.usage));
  if (report.refusals.length > 0) process.stdout.write(`\nRefused:\n${table(report.refusals)}`);
}

async function audit(options: AdminOptions & { limit: number }): Promise<void> {
  const response = await askAdmin(options, "GET", `/audit?limit=${options.limit}`);
  const { entries } = (await response.json()) as { entries: Record<string, unknown>[] };
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

function printTenant({ name, createdAt, blocked, limits, now, alerts }: Tenant): void {
  const shown = (value: unknown) => (value === null ? "none" : Array.isArray(value) ? value.join(", ") : String(value));
  process.stdout.write(`${name}${blocked ? ", BLOCKED" : ""}, since ${createdAt}\n`);
  process.stdout.write(table(Object.entries(limits).map(([limit, value]) => ({ limit, value: shown(value) }))));
  process.stdout.write(`\nNow:\n${table(Object.entries(now).map(([what, count]) => ({ what, count })))}`);
  for (const { limit, percent } of alerts) process.stdout.write(`\nMore than ${percent} % of ${limit} is used.\n`);
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
