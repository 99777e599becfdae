/**
 * The cards that the relay passes on: checked beside the read loop, a few in each turn of the event loop, and taken in the
 * order in which they came.
 */
import { CardError, type VerifiedCard } from "../crypto/seal.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { createOrdered } from "./ordered.ts";
import type { Tasks } from "./tasks.ts";
import { createTurns } from "./turns.ts";

/** Cards that are checked in one turn: each costs two signatures. */
const CARDS_PER_TURN = 16;

/** What an intake needs of the peer. */
export interface CardIntakeOptions {
  /** Decrypts and checks. @throws {CardError} */
  readonly open: (address: Bytes, sealed: Bytes) => Promise<VerifiedCard>;
  /** Takes a card that is its address's own. */
  readonly onCard: (address: Bytes, card: VerifiedCard) => void;
  /** A card was not what it was given as. */
  readonly onBadCard: (address: Bytes, error: CardError) => void;
  readonly tasks: Tasks;
}

/** The intake. */
export interface CardIntake {
  /** Checks a card; nothing is awaited. */
  receive(address: Bytes, sealed: Bytes): void;
  /** Calls `action` when every card that came before was taken. */
  after(action: () => void): void;
}

/** Makes the intake of a peer. */
export function createCardIntake({ open, onCard, onBadCard, tasks }: CardIntakeOptions): CardIntake {
  const turns = createTurns(CARDS_PER_TURN, tasks);
  const ordered = createOrdered<() => void>((apply) => apply(), (error) => {
    throw error;
  }, tasks);
  const check = async (address: Bytes, sealed: Bytes): Promise<() => void> => {
    try {
      const card = await open(address, sealed);
      return () => onCard(address, card);
    } catch (error) {
      if (!(error instanceof CardError)) throw error;
      return () => onBadCard(address, error);
    }
  };
  return {
    receive(address, sealed) {
      const checked = Promise.withResolvers<() => void>();
      turns.add(() => check(address, sealed).then(checked.resolve, checked.reject));
      ordered.push(checked.promise);
    },
    after: (action) => ordered.push(action),
  };
}
