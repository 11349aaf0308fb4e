import { CALL_BEGIN, CALL_END, CALL_PARAMETERS, CALL_SEPARATOR } from "./call-text.ts";

/** What more text tells about one call. */
export interface CallPart {
  /** Calls are counted from 0 in each answer. */
  readonly index: number;
  /** With its first part. */
  readonly name?: string;
  /** More of its arguments' JSON text. */
  readonly arguments: string;
}

/** What more text of an answer is: text to show, or parts of calls. */
export interface AnswerPart {
  readonly text: string;
  readonly calls: readonly CallPart[];
}

/** Reads the calls in an answer that comes in parts and was held to the form of `constrain/compile.ts`. */
export class CallReader {
  #kind: "unknown" | "text" | "calls" = "unknown";
  #index = 0;
  /** Text before the arguments, whole or not; null within them. */
  #lead: string | null = "";
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** True once the answer has turned out to be calls. */
  get isCalls(): boolean {
    return this.#kind === "calls";
  }

  push(text: string): AnswerPart {
    if (this.#kind === "unknown" && text !== "") this.#kind = text.startsWith(CALL_BEGIN[0]!) ? "calls" : "text";
    if (this.#kind !== "calls") return { text, calls: [] };
    const calls: CallPart[] = [];
    for (const character of text) this.#read(character, calls);
    return { text: "", calls };
  }

  #read(character: string, calls: CallPart[]): void {
    if (this.#lead !== null) this.#readLead(character, calls);
    else this.#readArguments(character, calls);
  }

  #readLead(character: string, calls: CallPart[]): void {
    const lead = this.#lead! + character;
    // What stands between the arguments of one call and the next call.
    if (lead === CALL_END) {
      this.#index += 1;
      this.#lead = "";
    } else if (lead === CALL_SEPARATOR) this.#lead = "";
    else if (lead.startsWith(CALL_BEGIN) && lead.endsWith(CALL_PARAMETERS)) {
      calls.push({ index: this.#index, name: lead.slice(CALL_BEGIN.length, -CALL_PARAMETERS.length), arguments: "" });
      this.#lead = null;
      this.#depth = 0;
    } else this.#lead = lead;
  }

  #readArguments(character: string, calls: CallPart[]): void {
    const last = calls.at(-1);
    if (last?.index === this.#index) calls[calls.length - 1] = { ...last, arguments: last.arguments + character };
    else calls.push({ index: this.#index, arguments: character });
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (character === '"') this.#inString = false;
      else this.#escaped = character === "\\";
    } else if (character === '"') this.#inString = true;
    else if (character === "{" || character === "[") this.#depth += 1;
    else if (character === "}" || character === "]") this.#depth -= 1;
    if (this.#depth === 0 && !this.#inString) this.#lead = "";
  }
}
