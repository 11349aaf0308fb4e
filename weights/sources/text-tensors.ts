/** What a checkpoint with vision calls its text model, by release of transformers, and what we call it. */
const TEXT_PREFIXES: readonly (readonly [string, string])[] = [
  ["language_model.model.", "model."],
  ["model.language_model.", "model."],
  ["language_model.lm_head.", "lm_head."],
];
const VISION_TENSOR = /^(model\.)?(vision_tower|multi_modal_projector)\./;

/** The name a text-only checkpoint gives a tensor of one with vision; null for the vision model's own. */
export function textTensorName(name: string): string | null {
  if (VISION_TENSOR.test(name)) return null;
  const found = TEXT_PREFIXES.find(([prefix]) => name.startsWith(prefix));
  return found === undefined ? name : found[1] + name.slice(found[0].length);
}
