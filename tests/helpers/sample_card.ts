/**
 * Cards as they are after their check, for tests that need no signatures.
 */
import type { VerifiedCard } from "../../src/crypto/seal.ts";
import type { Member } from "../../src/peer/roster.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import type { Card, Platform } from "../../src/protocol/card.ts";

export const SAMPLE_PLATFORM: Platform = {
  os: "linux",
  family: "linux",
  arch: "x86_64",
  distro: "Debian GNU/Linux 12",
  kernel: "6.1.0",
  shell: "/bin/sh",
};

/** An address of 16 equal bytes. */
export function sampleAddress(fill: number): Bytes {
  return new Uint8Array(16).fill(fill);
}

/** A checked card that differs from the sample in what is given. */
export function sampleCard(card: Partial<Card> = {}, verified: Partial<VerifiedCard> = {}): VerifiedCard {
  const key = "A".repeat(43);
  return {
    card: {
      v: 1,
      seq: 1,
      hostKey: key,
      sessionKey: key,
      dhKey: key,
      name: "sample",
      tags: [],
      platform: SAMPLE_PLATFORM,
      mode: "edit",
      accepts: true,
      role: "service",
      version: "1.0.0",
      capabilities: [],
      startedAt: 1_000,
      connectedAt: 2_000,
      ...card,
    },
    agentId: "a".repeat(20),
    dhKey: new Uint8Array(32),
    ...verified,
  };
}

/** A connection of a room. */
export function sampleMember(
  fill: number,
  card: Partial<Card> = {},
  verified: Partial<VerifiedCard> = {},
): Member {
  return { ...sampleCard(card, verified), address: sampleAddress(fill) };
}
