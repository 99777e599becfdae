/**
 * Two links joined in memory: what one sends the other receives, in order, on a later turn of the event loop.
 * For tests and for peers in one process.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { Link, LinkHandlers } from "./link.ts";

/** One end of a pair. */
export interface MemoryEnd {
  readonly link: Link;
  /** Sets who receives what the other end sends. Messages that came before are kept until then. */
  attach(handlers: LinkHandlers): void;
}

/** Joins two ends. */
export function createMemoryLinks(): [MemoryEnd, MemoryEnd] {
  const first = createSide();
  const second = createSide();
  first.peer = second;
  second.peer = first;
  return [toEnd(first), toEnd(second)];
}

interface Side {
  peer: Side | undefined;
  handlers: LinkHandlers | undefined;
  queue: ((handlers: LinkHandlers) => void)[];
  isClosed: boolean;
}

function createSide(): Side {
  return { peer: undefined, handlers: undefined, queue: [], isClosed: false };
}

function deliver(side: Side, event: (handlers: LinkHandlers) => void): void {
  side.queue.push(event);
  queueMicrotask(() => flush(side));
}

function flush(side: Side): void {
  while (side.handlers !== undefined) {
    const event = side.queue.shift();
    if (event === undefined) return;
    event(side.handlers);
  }
}

function toEnd(side: Side): MemoryEnd {
  const send = (event: (handlers: LinkHandlers) => void) => {
    if (!side.isClosed && side.peer !== undefined) deliver(side.peer, event);
  };
  return {
    attach(handlers) {
      side.handlers = handlers;
      queueMicrotask(() => flush(side));
    },
    link: {
      sendText: (text) => send((handlers) => handlers.onText(text)),
      sendBinary(message) {
        const copy: Bytes = message.slice();
        send((handlers) => handlers.onBinary(copy));
      },
      drained: () => Promise.resolve(),
      close(code = 1000, reason = "") {
        for (const end of [side, side.peer]) {
          if (end === undefined || end.isClosed) continue;
          end.isClosed = true;
          deliver(end, (handlers) => handlers.onClose({ code, reason }));
        }
      },
    },
  };
}
