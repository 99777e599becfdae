/**
 * The version of the protocol that this code speaks. Peers and relays of another version refuse each other by it.
 */
export const PROTOCOL_VERSION = 1;

/** Prefix of every label that is hashed, signed or authenticated. */
export const LABEL = "remote-agents/1";
