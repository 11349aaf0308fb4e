import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";

const DEPLOYMENTS = fileURLToPath(new URL("../../.lapidary/deploy", import.meta.url));

/** A commander parser for a deployment's name, which the names of its scripts begin with. */
export function deploymentName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(text)) return text;
  throw new InvalidArgumentError("Expected 2 to 32 of a-z, 0-9 and -, from a letter on.");
}

/** Where a deployment's state and configurations are kept. */
export const deploymentFolder = (name: string) => join(DEPLOYMENTS, name);
