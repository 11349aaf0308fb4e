/**
 * How often a waiting body is written to, the first time after up to twice as long: a client that left is noticed at the
 * second write after it did, and its work must have stopped 2 s after.
 */
export const HEARTBEAT_MS = 500;

/** A comment of one line. A blank line after it would end an event, which makes some clients parse an empty one. */
export const EVENT_HEARTBEAT = ":\n";
/** White space before a JSON value means nothing. */
export const JSON_HEARTBEAT = " ";

/**
 * One server-sent event. With an `id` a client that comes again can say what it had; others must not have one, since some
 * clients then take every blank line for an event.
 */
export const eventOf = (data: string, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`;

/** The same under a name, as the Responses API has it. */
export const namedEventOf = (name: string, data: string, id?: string): string => `event: ${name}\n${eventOf(data, id)}`;

export interface BodyOptions {
  readonly heartbeat: string;
  /** What a failure after the first byte still says before the end; undefined aborts the body. */
  readonly onFailure: (error: unknown) => string | undefined;
  /** The body is through: delivered, failed, or left by its reader. */
  readonly onEnd: (left: boolean) => void;
}

/**
 * A response body of `pieces`, with heartbeats while the next piece is awaited. The stream is pulled, so a slow reader
 * slows its source. This is the one place that closes it.
 */
export function heartbeatBody(
  pieces: AsyncIterator<string>,
  { heartbeat, onFailure, onEnd }: BodyOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let awaited: Promise<IteratorResult<string>> | undefined;
  let left = false;
  // One timer for the whole body: one for each piece would cost more than the piece.
  let beat: (() => void) | undefined;
  let written = false;
  const timer = setInterval(() => {
    if (!written) beat?.();
    written = false;
  }, HEARTBEAT_MS);
  const end = (byReader: boolean) => {
    clearInterval(timer);
    onEnd(byReader);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        awaited ??= pieces.next();
        const piece = awaited;
        try {
          const next = await new Promise<IteratorResult<string> | undefined>((resolve, reject) => {
            beat = () => resolve(undefined);
            piece.then(resolve, reject);
          });
          if (left) return;
          if (next === undefined) return controller.enqueue(encoder.encode(heartbeat));
          awaited = undefined;
          if (!next.done) {
            written = true;
            return controller.enqueue(encoder.encode(next.value));
          }
          controller.close();
        } catch (error) {
          // The pieces break off because their reader left; there is nobody to tell.
          if (left) return;
          const lastWords = onFailure(error);
          if (lastWords === undefined) controller.error(error);
          else {
            controller.enqueue(encoder.encode(lastWords));
            controller.close();
          }
        }
        end(false);
      },
      cancel() {
        left = true;
        end(true);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The promise's value, or undefined when it is not there after `limitMs`. */
export async function within<Value>(promise: Promise<Value>, limitMs: number): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
