import { Command } from "commander";
import { check, type Limits, type Outcome } from "../conform/check.ts";
import { type Expectation, readExpectations, SHIPPED_EXPECTATIONS } from "../conform/expectations.ts";
import { FolderSubject } from "../conform/folder-subject.ts";
import { ServerSubject } from "../conform/server-subject.ts";
import type { Subject } from "../conform/subject.ts";
import { readManifest } from "../folder-source.ts";
import { addModelOptions, type ModelOptions } from "../model-options.ts";
import { numberArgument } from "../number-argument.ts";
import { findService } from "../service.ts";
import { table } from "../table.ts";

interface ConformOptions extends ModelOptions {
  readonly expect: readonly string[];
  readonly key?: string;
  readonly model?: string;
  readonly nllWithin: number;
  readonly clearGap: number;
  readonly json?: boolean;
}

/** `lapidary conform URL|FOLDER`: exit code 1 when an expectation fails or none could be asked about. */
export function conformCommand(): Command {
  const command = new Command("conform")
    .description(
      "Checks a served model (any OpenAI-compatible API) or a model folder against expectations: tokens of texts, " +
        "prompts of chats, log-probabilities of short and long sequences, greedy tokens and answers.",
    )
    .argument("<subject>", "address of a service, or a model folder")
    .option(
      "--expect <file>",
      `JSON lines that say what is right, or ${SHIPPED_EXPECTATIONS.join(" or ")} (shipped); may be repeated ` +
        "(default: the shipped ones of the model's name)",
      (file: string, all: readonly string[]) => [...all, file],
      [],
    )
    .option("--key <key>", "API key of the service (default: as for chat)")
    .option("--model <id>", "model of the service (default: the first that it lists)")
    .option("--nll-within <nats>", "how far a mean negative log-likelihood may be off", numberArgument(0, 100), 0.05)
    .option("--clear-gap <nats>", "from which lead on a greedy token must be the same", numberArgument(0, 100), 0.5)
    .option("--json", "print one JSON object");
  return addModelOptions(command).action(async (target: string, options: ConformOptions) => {
    refuseOthers(command, isAddress(target) ? FOLDER_OPTIONS : SERVICE_OPTIONS, target);
    const { subject, expectations } = await openSubject(target, options);
    const limits: Limits = { nll: options.nllWithin, gap: options.clearGap };
    const outcomes: Outcome[] = [];
    for (const expectation of expectations) outcomes.push(await check(subject, expectation, limits));
    const count = (result: Outcome["result"]) => outcomes.filter((outcome) => outcome.result === result).length;
    const [passed, failed, notAsked] = [count("passed"), count("failed"), count("not asked")];
    const conforms = failed === 0 && passed > 0;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ subject: subject.name, conforms, passed, failed, notAsked, checks: outcomes })}\n`
        : render(subject, outcomes, conforms),
    );
    if (!conforms) process.exitCode = 1;
  });
}

const isAddress = (target: string) => /^https?:\/\//.test(target);

/** Options that say something of one kind of subject only. */
const FOLDER_OPTIONS = ["engine", "activations", "kvBits"];
const SERVICE_OPTIONS = ["key", "model"];

function refuseOthers(command: Command, options: readonly string[], target: string): void {
  for (const option of command.options)
    if (options.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === "cli")
      throw new Error(
        `${option.long} says nothing of ${target}, which is ${isAddress(target) ? "served" : "a folder"}`,
      );
}

async function openSubject(
  target: string,
  options: ConformOptions,
): Promise<{ subject: Subject; expectations: Expectation[] }> {
  if (isAddress(target)) {
    const subject = new ServerSubject(await findService({ ...options, url: target }));
    return { subject, expectations: await chosenExpectations(options.expect, subject.name) };
  }
  const expectations = await chosenExpectations(options.expect, (await readManifest(target)).name);
  return { subject: await FolderSubject.open(target, options, expectations), expectations };
}

async function chosenExpectations(given: readonly string[], model: string): Promise<Expectation[]> {
  const names = given.length > 0 ? given : SHIPPED_EXPECTATIONS.filter((name) => name === model);
  if (names.length === 0)
    throw new Error(`nothing is known of a model named ${model}; say with --expect what is right for it`);
  return (await Promise.all(names.map(readExpectations))).flat();
}

function render(subject: Subject, outcomes: readonly Outcome[], conforms: boolean): string {
  const kinds = [...new Set(outcomes.map(({ check }) => check))];
  const rows = kinds.map((kind) => {
    const own = outcomes.filter(({ check }) => check === kind);
    const count = (result: Outcome["result"]) => own.filter((outcome) => outcome.result === result).length;
    return { check: kind, passed: count("passed"), failed: count("failed"), "not asked": count("not asked") };
  });
  const told = outcomes
    .filter(({ check, result }) => result !== "passed" || check === "score")
    .map(({ check, name, result, detail }) => `${result}: ${check} ${name}: ${detail}\n`);
  return `${table(rows)}${told.join("")}${subject.name} ${conforms ? "conforms" : "does not conform"}\n`;
}
