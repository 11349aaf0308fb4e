import { createHash } from "node:crypto";

/** Of a page whose only extra is this inline style: no scripts, no foreign anything, no frames around it. */
export function stylePolicy(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
