/**
 * The table of parts, in the order in which they run.
 */
import type { Part } from "./report.ts";

/** The parts: name, title, and how their code is loaded. */
export const PARTS = {
  relay: { title: "Relay", load: async () => (await import("./parts/relay.ts")).measureRelay },
  "round-trip": {
    title: "Round trip",
    load: async () => (await import("./parts/round_trip.ts")).measureRoundTrip,
  },
  throughput: {
    title: "Throughput",
    load: async () => (await import("./parts/throughput.ts")).measureThroughput,
  },
  "start-up": { title: "Start-up", load: async () => (await import("./parts/start_up.ts")).measureStartUp },
  memory: { title: "Memory", load: async () => (await import("./parts/memory.ts")).measureMemory },
  handshakes: {
    title: "Handshakes",
    load: async () => (await import("./parts/handshakes.ts")).measureHandshakes,
  },
  records: { title: "Records", load: async () => (await import("./parts/records.ts")).measureRecords },
  spawn: { title: "Starting commands", load: async () => (await import("./parts/spawn.ts")).measureSpawn },
  "fan-out": { title: "Fan-out", load: async () => (await import("./parts/fan_out.ts")).measureFanOut },
  "word-count": {
    title: "Word count",
    load: async () => (await import("./parts/word_count.ts")).measureWordCount,
  },
  scale: { title: "Scale", load: async () => (await import("./parts/scale.ts")).measureScale },
  link: { title: "WebSocket clients", load: async () => (await import("./parts/link.ts")).measureLink },
} as const satisfies Record<string, { readonly title: string; readonly load: () => Promise<Part> }>;

/** Names one part. */
export type PartName = keyof typeof PARTS;

/** Tells whether a word names a part. */
export function isPartName(word: string): word is PartName {
  return Object.hasOwn(PARTS, word);
}
