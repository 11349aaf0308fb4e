import { open } from "node:fs/promises";
import { Command } from "commander";
import { readManifest } from "../folder-source.ts";
import { addModelOptions, checkPrompt, type ModelOptions, openModel } from "../model-options.ts";
import { idsArgument } from "../number-argument.ts";

interface LogitsOptions extends ModelOptions {
  readonly ids: readonly number[];
  readonly out: string;
}

/** `lapidary logits FOLDER`: the logits after every position of a prompt, as a file of float32. */
export function logitsCommand(): Command {
  const command = new Command("logits")
    .description("Writes the logits at each position of a prompt as little-endian float32 [positions, vocabulary].")
    .argument("<folder>", "model folder")
    .requiredOption("--ids <ids>", "token ids of the prompt, separated by commas", idsArgument)
    .requiredOption("--out <file>", "file to write");
  return addModelOptions(command).action(async (folder: string, options: LogitsOptions) => {
    const manifest = await readManifest(folder);
    checkPrompt(options.ids, manifest);
    const model = await openModel(folder, manifest, options, options.ids.length);
    await using file = await open(options.out, "w");
    for await (const rows of model.logits(options.ids))
      await file.writeFile(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    const { vocabSize: vocabulary } = manifest.architecture;
    process.stdout.write(`${JSON.stringify({ out: options.out, positions: options.ids.length, vocabulary })}\n`);
  });
}
