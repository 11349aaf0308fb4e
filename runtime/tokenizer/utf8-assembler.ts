const REPLACEMENT = "\ufffd";

/** Joins single bytes to characters. As in SentencePiece, each byte that is part of no character becomes one U+FFFD. */
export class Utf8Assembler {
  #held: number[] = [];

  /** The characters that are certain after one more byte. */
  push(byte: number): string {
    this.#held.push(byte);
    let text = "";
    while (this.#held.length > 0) {
      const length = expectedBytes(this.#held);
      if (length === 0) {
        text += REPLACEMENT;
        this.#held.shift();
      } else if (this.#held.length < length) break;
      else
        text += new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(
          Uint8Array.from(this.#held.splice(0, length)),
        );
    }
    return text;
  }

  /** Gives up on the bytes held back. */
  flush(): string {
    const text = REPLACEMENT.repeat(this.#held.length);
    this.#held = [];
    return text;
  }
}

/** Bytes of the character that `bytes` begin, or 0 when no character begins so (RFC 3629, section 4). */
function expectedBytes(bytes: readonly number[]): number {
  const [first = 0, second] = bytes;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second !== undefined && (second < low || second > high)) return 0;
  return bytes.slice(2, length).every((byte) => (byte & 0xc0) === 0x80) ? length : 0;
}
