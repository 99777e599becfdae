/**
 * What a host remembers of the requests of its peers, so that a request that is asked again is answered from memory
 * and never carried out twice. Pure bookkeeping with fixed bounds.
 */
import type { Header } from "../protocol/message.ts";

/** An answer as it was sent. */
export type Response = Extract<Header, { t: "response" }>;

/** Bounds of the memory. */
export const MEMORY_LIMITS = {
  /** Milliseconds for which an answered request is remembered. */
  keepMs: 600_000,
  /** Requests of one peer. */
  idsPerPeer: 16_384,
  /** JSON characters of an answer that is kept whole; a larger one is remembered as given. */
  answerCharacters: 128 * 1024,
  /** JSON characters of all answers of one peer. */
  totalCharacters: 8 * 1024 * 1024,
} as const;

/** What is known of a request id. */
export type Recollection =
  /** It was never asked; carry it out. */
  | { readonly kind: "new" }
  /** It is being carried out. */
  | { readonly kind: "running" }
  /** It was answered like this. */
  | { readonly kind: "answered"; readonly response: Response }
  /** It was carried out, or may have been; its answer is not kept. */
  | { readonly kind: "forgotten" };

/** The memory of one peer's requests. */
export interface RequestMemory {
  recall(id: number): Recollection;
  /** Remembers that a request runs. */
  start(id: number): void;
  /** Remembers the answer of a request that ran. */
  answer(id: number, response: Response, nowMs: number): void;
  /** Drops what is past its time. */
  prune(nowMs: number): void;
}

/**
 * Makes the memory of one peer. Ids grow, so of those that were dropped only the highest is kept: any id up to it that
 * is not remembered counts as forgotten, which refuses rather than repeats.
 */
export function createRequestMemory(): RequestMemory {
  const running = new Set<number>();
  /** In the order of answering, oldest first. */
  const answered = new Map<number, { response: Response | undefined; characters: number; at: number }>();
  let floor = -1;
  let characters = 0;

  const dropOldest = () => {
    const oldest = answered.entries().next();
    if (oldest.done) return;
    const [id, entry] = oldest.value;
    answered.delete(id);
    characters -= entry.characters;
    floor = Math.max(floor, id);
  };

  return {
    recall(id) {
      if (running.has(id)) return { kind: "running" };
      const known = answered.get(id);
      if (known?.response !== undefined) return { kind: "answered", response: known.response };
      return known !== undefined || id <= floor ? { kind: "forgotten" } : { kind: "new" };
    },
    start(id) {
      running.add(id);
    },
    answer(id, response, nowMs) {
      running.delete(id);
      const size = JSON.stringify(response).length;
      const isKept = size <= MEMORY_LIMITS.answerCharacters;
      answered.set(id, { response: isKept ? response : undefined, characters: isKept ? size : 0, at: nowMs });
      characters += isKept ? size : 0;
      while (answered.size > MEMORY_LIMITS.idsPerPeer || characters > MEMORY_LIMITS.totalCharacters) {
        dropOldest();
      }
    },
    prune(nowMs) {
      for (const { at } of answered.values()) {
        if (nowMs - at < MEMORY_LIMITS.keepMs) return;
        dropOldest();
      }
    },
  };
}
