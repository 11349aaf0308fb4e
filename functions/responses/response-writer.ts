import { type CallPart, CallReader } from "../../runtime/tokenizer/call-reader.ts";
import type { ApiError } from "../errors.ts";
import { namedEventOf } from "../event-stream.ts";
import type { EndPart, TextPart } from "../routes/answer-parts.ts";
import type {
  ItemStatus,
  OutputCall,
  OutputItem,
  OutputMessage,
  OutputText,
  ResponseObject,
  ResponseState,
} from "./response-object.ts";
import type { SequenceCursor } from "./sequence-cursor.ts";

export interface ResponseWriterOptions {
  /** The 32 hex digits that all ids of the answer share. */
  readonly digits: string;
  /** Functions may be called. */
  readonly calls: boolean;
  readonly objectOf: (state: ResponseState) => ResponseObject;
  /** Is through before anyone reads that the answer has ended. */
  readonly store: (response: ResponseObject) => Promise<void>;
}

/** Writes one answer in the form of the Responses API, whole or as its stream of events. */
export class ResponseWriter {
  readonly #options: ResponseWriterOptions;
  readonly #reader: { push(text: string): { text: string; calls: readonly CallPart[] } };
  readonly #output: OutputItem[] = [];
  #sequence = 0;

  constructor(options: ResponseWriterOptions) {
    this.#options = options;
    this.#reader = options.calls ? new CallReader() : { push: (text) => ({ text, calls: [] }) };
  }

  /** The one piece of an answer that is not streamed. */
  async *whole(parts: AsyncGenerator<TextPart | EndPart>): AsyncGenerator<string> {
    for await (const part of parts) {
      for (const _ of this.#take(part));
      if (part.type === "end") yield JSON.stringify(await this.#ended(part));
    }
  }

  /** With a cursor, what comes after it alone, each event with an id; an ApiError (400) when it lies beyond the end. */
  async *stream(parts: AsyncGenerator<TextPart | EndPart>, cursor?: SequenceCursor): AsyncGenerator<string> {
    const response = this.#options.objectOf({ output: [] });
    yield* this.#told(event("response.created", { response }), cursor);
    yield* this.#told(event("response.in_progress", { response }), cursor);
    for await (const part of parts) {
      for (const happened of this.#take(part)) yield* this.#told(happened, cursor);
      if (part.type !== "end") continue;
      const ended = await this.#ended(part);
      cursor?.checkEnd(this.#sequence + 1);
      yield* this.#told(event(`response.${ended.status}`, { response: ended }), cursor);
    }
  }

  /**
   * The last words of a stream that fails: the state of the response, and an error that clients raise. They have no ids:
   * whoever comes again goes on after what came before them.
   */
  failed({ code, message, param, body }: ApiError): string {
    const output = this.#output.map((item) =>
      item.status === "in_progress" ? { ...item, status: "incomplete" as const } : item,
    );
    const response = this.#options.objectOf({ output, failure: { code, message } });
    const last = [event("response.failed", { response }), event("error", { code, message, param, ...body })];
    return last.flatMap((happened) => [...this.#told(happened)]).join("");
  }

  /** Adds a part to the output; the events that tell of it. */
  *#take(part: TextPart | EndPart): Generator<ResponseEvent> {
    if (part.type === "end") {
      // An answer without any text is an empty message.
      if (this.#output.length === 0) yield* this.#begin(this.#message("", "in_progress"));
      yield* this.#finish(part.finish === "length" ? "incomplete" : "completed");
      return;
    }
    const { text, calls } = this.#reader.push(part.text);
    if (text !== "") yield* this.#addText(text);
    for (const call of calls) yield* this.#addCall(call);
  }

  *#addText(text: string): Generator<ResponseEvent> {
    if (this.#output.length === 0) yield* this.#begin(this.#message("", "in_progress"));
    const { content } = this.#last as OutputMessage;
    this.#last = this.#message(content[0]!.text + text, "in_progress");
    yield event("response.output_text.delta", { ...this.#place, content_index: 0, delta: text, logprobs: [] });
  }

  *#addCall({ index, name, arguments: json }: CallPart): Generator<ResponseEvent> {
    if (name !== undefined) {
      if (index > 0) yield* this.#finish("completed");
      const { digits } = this.#options;
      const ids = { id: `fc_${digits}_${index}`, call_id: `call_${digits}_${index}` };
      yield* this.#begin({ type: "function_call", ...ids, name, arguments: "", status: "in_progress" });
    }
    if (json === "") return;
    const call = this.#last as OutputCall;
    this.#last = { ...call, arguments: call.arguments + json };
    yield event("response.function_call_arguments.delta", { ...this.#place, delta: json });
  }

  *#begin(item: OutputItem): Generator<ResponseEvent> {
    this.#output.push(item);
    const { output_index } = this.#place;
    const shown = item.type === "message" ? { ...item, content: [] } : item;
    yield event("response.output_item.added", { output_index, item: shown });
    if (item.type === "message")
      yield event("response.content_part.added", { ...this.#place, content_index: 0, part: item.content[0] });
  }

  /** Ends the item that is being written. */
  *#finish(status: ItemStatus): Generator<ResponseEvent> {
    const item = { ...this.#last, status };
    this.#last = item;
    if (item.type === "message") {
      const part = item.content[0]!;
      const place = { ...this.#place, content_index: 0 };
      yield event("response.output_text.done", { ...place, text: part.text, logprobs: [] });
      yield event("response.content_part.done", { ...place, part });
    } else {
      const { name, arguments: json } = item;
      yield event("response.function_call_arguments.done", { ...this.#place, name, arguments: json });
    }
    yield event("response.output_item.done", { output_index: this.#place.output_index, item });
  }

  async #ended({ finish, promptTokens, cachedTokens, completionTokens }: EndPart): Promise<ResponseObject> {
    const usage = { promptTokens, cachedTokens, completionTokens };
    const response = this.#options.objectOf({ output: this.#output, end: { finish, usage } });
    await this.#options.store(response);
    return response;
  }

  #message(text: string, status: ItemStatus): OutputMessage {
    const content: OutputText[] = [{ type: "output_text", text, annotations: [], logprobs: [] }];
    return { type: "message", id: `msg_${this.#options.digits}`, status, role: "assistant", content };
  }

  get #last(): OutputItem {
    return this.#output.at(-1)!;
  }

  set #last(item: OutputItem) {
    this.#output[this.#output.length - 1] = item;
  }

  get #place() {
    return { item_id: this.#last.id, output_index: this.#output.length - 1 };
  }

  /** Nothing where the reader has it. */
  *#told({ type, fields }: ResponseEvent, cursor?: SequenceCursor): Generator<string> {
    const sequence = this.#sequence++;
    if (cursor?.pass(sequence) === false) return;
    const data = JSON.stringify({ type, sequence_number: sequence, ...fields });
    yield namedEventOf(type, data, cursor && String(sequence));
  }
}

/** What a stream tells; an answer that is not streamed only has it happen. */
interface ResponseEvent {
  readonly type: string;
  readonly fields: object;
}

const event = (type: string, fields: object): ResponseEvent => ({ type, fields });
