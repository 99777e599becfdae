/**
 * Counts of what an honest relay and honest peers never cause. They change no result; a user sees them in
 * `list_agents` and the log, as signs of a fault or an attack.
 */

/** Every kind of anomaly, with what it means. */
export const ANOMALIES = {
  bad_frame: "A binary message or packet that is not of the protocol",
  bad_control: "A control message of the relay that is not of the protocol or out of place",
  bad_record: "A record that is not authentic: damaged, forged or under other keys",
  replayed_record: "A record that was received before, or is too old",
  misdirected_record: "A record of a session with another peer than the relay says",
  unknown_session: "A record of a session that does not exist here",
  bad_handshake: "A handshake message that is not authentic or was not asked for",
  replayed_handshake: "A handshake message that was received before",
  dropped_handshake: "A handshake message beyond what is taken at once",
  unknown_hint: "A hint that a session is unknown, about no session of ours",
  bad_card: "A card that its peer did not make for this room and address",
  stale_card: "A card that is older than the one known",
  bad_message: "An authentic record whose content is not of the protocol, or has no place in its request",
  repeated_request: "A request that was asked again; it was answered from memory",
} as const;

export type Anomaly = keyof typeof ANOMALIES;

/** The counters of one peer. */
export interface Anomalies {
  /** Counts one, and reports it to `onCount`. */
  count(kind: Anomaly, detail?: string): void;
  /** The counts so far; only kinds that happened. */
  snapshot(): Partial<Record<Anomaly, number>>;
}

/**
 * Makes the counters.
 *
 * @param onCount - is told of each, with the count so far; for the log, which limits itself
 */
export function createAnomalies(
  onCount: (kind: Anomaly, info: { count: number; detail: string | undefined }) => void = () => {},
): Anomalies {
  const counts = new Map<Anomaly, number>();
  return {
    count(kind, detail) {
      const count = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, count);
      onCount(kind, { count, detail });
    },
    snapshot: () => Object.fromEntries(counts),
  };
}
