import { createInterface } from "node:readline";
import { Command } from "commander";
import { z } from "zod";
import { loadTokenizer } from "../../runtime/tokenizer/load.ts";
import { FolderSource, readManifest } from "../folder-source.ts";

const text = z.string();
const ids = z.array(z.int().min(0));

/** `lapidary tokenize FOLDER`: JSON lines in, JSON lines out. */
export function tokenizeCommand(): Command {
  return new Command("tokenize")
    .description('Reads a JSON string a line and writes {"ids":[…]} a line.')
    .argument("<folder>", "model folder")
    .option("--special", "match control tokens such as <start_of_turn> in the text")
    .option("--decode", 'the other way round: reads [ids] or {"ids":[…]} a line and writes {"text":"…"} a line')
    .action(async (folder: string, options: { special?: boolean; decode?: boolean }) => {
      const tokenizer = await loadTokenizer(new FolderSource(folder), await readManifest(folder));
      if (!tokenizer) throw new Error(`the model in ${folder} has no tokenizer; only token ids can be used with it`);
      let number = 0;
      for await (const line of createInterface({ input: process.stdin })) {
        number += 1;
        if (line.trim() === "") continue;
        const value = parseLine(line, number);
        const answer = options.decode
          ? {
              text: tokenizer.decode(
                check(ids, Array.isArray(value) ? value : (value as { ids?: unknown })?.ids, number),
              ),
            }
          : { ids: tokenizer.encode(check(text, value, number), { special: options.special === true }) };
        process.stdout.write(`${JSON.stringify(answer)}\n`);
      }
    });
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Error(`line ${number} is not JSON`, { cause });
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, number: number): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`line ${number}: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
  return parsed.data;
}
