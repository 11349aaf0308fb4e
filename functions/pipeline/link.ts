import { InferenceError } from "../../runtime/errors.ts";
import { checkCallDepth } from "./calls.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import { DIAL_LIMIT_MS, withTimeLimit } from "./time-limit.ts";

const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;

export interface LinkEvents {
  /** Called in the order of arrival; must not wait. */
  message(bytes: ArrayBuffer, link: Link): void;
  /** Called once, whichever side closed, except after our own `close`. */
  lost(link: Link): void;
}

/**
 * One WebSocket between two objects. workerd lets a send after an abnormal close succeed silently, so a link that
 * closed or failed is dead at once and for good: every later send throws.
 */
export class Link {
  /** Who is at the other end, for messages. */
  readonly peer: string;
  /** The conductor's life this link was dialled in. */
  readonly incarnation: string;
  readonly #events: LinkEvents;
  #socket: WebSocket | null;

  constructor(socket: WebSocket, peer: string, { incarnation, hopMs }: Caller, events: LinkEvents) {
    this.peer = peer;
    this.incarnation = incarnation;
    this.#events = events;
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.accept();
    // Timers of one length fire in their order, so what is late stays in order, and waits for nothing before it.
    const arrives = (event: () => void) => {
      if (hopMs === 0) event();
      else setTimeout(event, hopMs);
    };
    socket.addEventListener("message", ({ data }) => arrives(() => this.#receive(data)));
    socket.addEventListener("close", () => arrives(() => this.#lose(NORMAL)));
    socket.addEventListener("error", () => arrives(() => this.#lose(NORMAL)));
  }

  get open(): boolean {
    return this.#socket !== null;
  }

  /** InferenceError stage_lost when the link is closed, unsupported when the frame is too long. */
  send(frame: Uint8Array<ArrayBuffer>): void {
    if (frame.length > MAX_FRAME_BYTES) {
      throw new InferenceError("unsupported", `a message of ${frame.length} bytes is over ${MAX_FRAME_BYTES}`);
    }
    try {
      this.#socket?.send(frame);
    } catch {
      // Closed on the way down, which the runtime has not told yet.
      this.#lose(NORMAL);
    }
    if (this.#socket === null) throw new InferenceError("stage_lost", `the link to ${this.peer} is closed`);
  }

  /** Sends what a lost link makes needless: whoever was to hear it hears of the loss. */
  tell(frame: Uint8Array<ArrayBuffer>): void {
    try {
      this.send(frame);
    } catch (error) {
      if (this.open) throw error;
    }
  }

  /** Idempotent; `lost` is not called. */
  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    closeQuietly(socket, NORMAL);
  }

  #receive(data: unknown): void {
    if (this.#socket === null) return;
    if (typeof data === "string") this.#lose(UNSUPPORTED_DATA);
    else this.#events.message(data as ArrayBuffer, this);
  }

  #lose(code: number): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    closeQuietly(socket, code);
    this.#events.lost(this);
  }
}

/** A socket whose peer has vanished throws on close; there is nothing left to do about it. */
function closeQuietly(socket: WebSocket | null, code: number): void {
  try {
    socket?.close(code);
  } catch {}
}

/** Who dials, and in which life of the conductor: travels in the URL of the upgrade. */
export interface Caller {
  readonly role: "conductor" | "stage" | "leader";
  readonly incarnation: string;
  /** Both ends take every message this much later than it came. */
  readonly hopMs: number;
  /** Calls from the client's request to the upgrade. */
  readonly depth: number;
}

/** What takes the links that others dial. */
export interface LinkTaker extends LinkEvents {
  accepted(link: Link, caller: Caller): void;
}

/** Opens a socket to `stub`; InferenceError stage_lost, timed_out, or unsupported when the call is nested too deep. */
export async function dialLink(stub: Fetcher, peer: string, caller: Caller, events: LinkEvents): Promise<Link> {
  checkCallDepth(caller.depth, `a link to ${peer}`);
  const url = `https://ring/${caller.role}/${caller.incarnation}/${caller.hopMs}/${caller.depth}`;
  const upgrade = stub.fetch(url, { headers: { Upgrade: "websocket" } }).catch((cause: unknown) => {
    throw new InferenceError("stage_lost", `${peer} refused a link: ${String(cause)}`, { cause });
  });
  const response = await withTimeLimit(upgrade, DIAL_LIMIT_MS, peer);
  if (!response.webSocket) {
    throw new InferenceError("stage_lost", `${peer} answered ${response.status} where a socket was expected`);
  }
  return new Link(response.webSocket, peer, caller, events);
}

/**
 * Answers an upgrade; the caller's node gets the link before its first message. Anything that is no upgrade of ours is a
 * 426.
 */
export function acceptLink(request: Request, nodeFor: (caller: Caller) => LinkTaker): Response {
  const caller = readCaller(request);
  if (caller === null) return new Response("expected a link of the ring", { status: 426 });
  const { 0: theirs, 1: ours } = new WebSocketPair();
  const node = nodeFor(caller);
  node.accepted(new Link(ours, caller.role, caller, node), caller);
  return new Response(null, { status: 101, webSocket: theirs });
}

function readCaller(request: Request): Caller | null {
  if (request.headers.get("Upgrade") !== "websocket") return null;
  const match = /^\/(conductor|stage|leader)\/([0-9a-f]{32})\/(\d{1,4})\/(\d{1,2})$/.exec(
    new URL(request.url).pathname,
  );
  if (match === null) return null;
  const [, role, incarnation, hopMs, depth] = match;
  return {
    role: role as Caller["role"],
    incarnation: incarnation!,
    hopMs: Number(hopMs),
    depth: Number(depth),
  };
}
