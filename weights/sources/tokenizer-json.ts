import { z } from "zod";
import { WeightsError } from "../errors.ts";
import { MAX_PIECES, PieceKind, type TokenizerData } from "../tokenizer-file.ts";
import { ranksByMerges } from "./merge-list.ts";
import { showJson } from "./show-json.ts";
import { byteText, checkBytePieces, unlessMarker } from "./vocabulary.ts";

/** Gemma 3's tokenizer.json has 33 MB. */
export const MAX_TOKENIZER_JSON_BYTES = 128 * 1024 * 1024;
const MAX_MERGES = 1 << 22;

const spaceAsBar = z.strictObject({
  type: z.literal("Replace"),
  pattern: z.strictObject({ String: z.literal(" ") }),
  content: z.literal("▁"),
});
const barAsSpace = z.strictObject({
  type: z.literal("Replace"),
  pattern: z.strictObject({ String: z.literal("▁") }),
  content: z.literal(" "),
});
/** Finds nothing to split, as the normaliser has left no space. */
const splitAtSpace = z.strictObject({
  type: z.literal("Split"),
  pattern: z.strictObject({ String: z.literal(" ") }),
  behavior: z.literal("MergedWithPrevious"),
  invert: z.literal(false),
});
const decoder = z.strictObject({
  type: z.literal("Sequence"),
  decoders: z.tuple([
    barAsSpace,
    z.strictObject({ type: z.literal("ByteFallback") }),
    z.strictObject({ type: z.literal("Fuse") }),
  ]),
});
const addedToken = z.strictObject({
  id: z
    .int()
    .min(0)
    .max(MAX_PIECES - 1),
  content: z.string().min(1),
  special: z.boolean(),
  single_word: z.literal(false),
  lstrip: z.literal(false),
  rstrip: z.literal(false),
  normalized: z.boolean(),
});

/** What Gemma's tokenizers have, and the only settings this reader knows the meaning of. */
const schema = z.strictObject({
  version: z.literal("1.0"),
  /** How batches are cut, filled and framed; nothing about which ids a text has. */
  truncation: z.unknown(),
  padding: z.unknown(),
  post_processor: z.unknown(),
  added_tokens: z.array(addedToken).max(MAX_PIECES),
  normalizer: spaceAsBar,
  pre_tokenizer: splitAtSpace.nullable(),
  decoder,
  model: z.strictObject({
    type: z.literal("BPE"),
    dropout: z.literal(0).nullish(),
    unk_token: z.string().nullish(),
    continuing_subword_prefix: z.literal("").nullish(),
    end_of_word_suffix: z.literal("").nullish(),
    fuse_unk: z.boolean(),
    byte_fallback: z.literal(true),
    ignore_merges: z.literal(false).optional(),
    // Half a million entries: checked by loops, not by a schema.
    vocab: z.unknown(),
    merges: z.unknown(),
  }),
});

/**
 * Reads a tokenizer.json of Gemma's kind (byte-pair encoding with byte fallback, spaces as ▁). Pieces from `vocabSize`
 * on, which the model has no rows for, are left out when they are added tokens. WeightsError names the field that is
 * not as expected.
 */
export function readTokenizerJson(bytes: Uint8Array, vocabSize = MAX_PIECES): TokenizerData {
  if (bytes.length > MAX_TOKENIZER_JSON_BYTES)
    throw new WeightsError(`tokenizer.json has ${bytes.length} bytes, more than ${MAX_TOKENIZER_JSON_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WeightsError("tokenizer.json is not JSON", { cause });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success)
    throw new WeightsError(
      `tokenizer.json is not of the one kind Gemma has and this converter reads: ${z.prettifyError(parsed.error)}`,
      { cause: parsed.error },
    );
  const { model, added_tokens } = parsed.data;
  const added = added_tokens.filter(({ id }) => id < vocabSize);
  const texts = readVocabulary(model.vocab, added);
  const kinds = new Uint8Array(texts.length).fill(PieceKind.normal);
  const byteTexts = new Set(Array.from({ length: 256 }, (_, byte) => byteText(byte)));
  for (const [id, text] of texts.entries()) if (byteTexts.has(text)) kinds[id] = PieceKind.byte;
  for (const { id, content, special } of added)
    kinds[id] = unlessMarker(content, special ? PieceKind.special : PieceKind.userDefined);
  checkBytePieces(texts, kinds, "tokenizer.json");
  return { texts, kinds, ranks: ranksByMerges(texts, kinds, readMerges(model.merges)), matchesRawText: true };
}

/** Texts by id, every id used once. */
function readVocabulary(vocab: unknown, added: readonly z.infer<typeof addedToken>[]): string[] {
  if (!isRecord(vocab)) return refuse("model.vocab is not an object of texts and ids");
  const entries = [...Object.entries(vocab)];
  for (const { id, content } of added) if (!Object.hasOwn(vocab, content)) entries.push([content, id]);
  const count = entries.length;
  if (count > MAX_PIECES) refuse(`model.vocab has ${count} pieces, at most ${MAX_PIECES} are allowed`);
  const texts = new Array<string | undefined>(count).fill(undefined);
  for (const [text, id] of entries) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= count)
      refuse(`piece "${text}" has id ${showJson(id)}, expected 0 to ${count - 1}`);
    if (texts[id as number] !== undefined) refuse(`pieces "${texts[id as number]}" and "${text}" both have id ${id}`);
    texts[id as number] = text;
  }
  for (const { id, content } of added)
    if (texts[id] !== content)
      refuse(`added_tokens says that id ${id} is "${content}", model.vocab that it is "${texts[id]}"`);
  return texts as string[];
}

/** Pairs, written as ["a", "b"] or, by older versions, as "a b". */
function readMerges(merges: unknown): [string, string][] {
  if (!Array.isArray(merges)) return refuse("model.merges is not a list");
  if (merges.length > MAX_MERGES)
    refuse(`model.merges has ${merges.length} entries, at most ${MAX_MERGES} are allowed`);
  return merges.map((merge: unknown, index) => {
    const pair: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    const [left, right] = pair;
    if (pair.length !== 2 || typeof left !== "string" || typeof right !== "string")
      return refuse(`model.merges[${index}] is ${showJson(merge)}, expected a pair of texts`);
    return [left, right];
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function refuse(what: string): never {
  throw new WeightsError(`tokenizer.json: ${what}`);
}
