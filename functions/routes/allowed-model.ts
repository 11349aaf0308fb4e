import { type Model, modelNotFound } from "../model.ts";
import type { Admission } from "./admission.ts";

type Allowance = Pick<Admission, "allowedModels">;

/** Whether the tenant and the key may use a model. */
export const isAllowed = ({ allowedModels }: Allowance, { manifest }: Model) =>
  allowedModels?.includes(manifest.name) !== false;

/** An ApiError (404) for a model that the tenant or the key may not use. */
export function requireAllowed(allowance: Allowance, model: Model): void {
  if (!isAllowed(allowance, model)) throw modelNotFound("GET /v1/models lists those that this key may use.");
}
