/**
 * Attacks of a relay on frames in flight, as a table: what it does, what becomes of the calls, and what is counted.
 */
import type { Anomaly } from "../../src/peer/anomalies.ts";
import { equalBytes } from "../../src/protocol/bytes.ts";
import {
  claim,
  drop,
  either,
  flip,
  hold,
  type Match,
  only,
  redirect,
  repeat,
  scramble,
  seededRandom,
  tamper,
} from "./hostile_attacks.ts";
import { type FrameRule, type HostileRelay, passOn } from "./hostile_relay.ts";
import type { Scene } from "./hostile_scene.ts";

/** One attack on calls that are in flight. */
export interface AttackCase {
  /** Completes the sentence "a relay that ...". */
  readonly name: string;
  /** Begins before anybody joins: then the attack is on the handshakes, and there is no scene yet. */
  readonly early?: (relay: HostileRelay) => FrameRule;
  /** Begins when all are connected and have sessions. */
  readonly late?: (scene: Scene) => FrameRule;
  /** Which calls succeed in spite of it; the others succeed or fail, and are right in both cases. */
  readonly succeed: "all" | "small" | "some";
  /** What is counted, and by whom. */
  readonly counted: readonly (readonly ["caller" | "alpha" | "beta", Anomaly])[];
}

const SEED = 20_251_122;

const toAlpha = ({ caller, alpha }: Scene, times: number): Match =>
  only("record", { from: caller.address, to: alpha.address, times });
const fromAlpha = ({ alpha }: Scene, times: number): Match => only("record", { from: alpha.address, times });
const garbage = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** Places of a bit that is flipped in some records, and what the receiver takes the record for then. */
const RECORD_BITS = [
  ["the type of records, making them replies", 0, 0, "bad_handshake"],
  ["the type of records, making them handshakes", 0, 1, "bad_handshake"],
  ["the type of records, making them unknown", 0, 6, "bad_frame"],
  ["the session index of records", 3, 4, "unknown_session"],
  ["the counter of records", 12, 3, "bad_record"],
  ["the counter of records, beyond what is allowed", 5, 7, "bad_frame"],
  ["the beginning of ciphertexts", 13, 0, "bad_record"],
  ["the middle of ciphertexts", 60, 5, "bad_record"],
  ["the tag of records", -1, 7, "bad_record"],
] as const;

/** Lengths to which some records are cut, and what is left. */
const CUTS = [[0, "bad_frame"], [4, "bad_frame"], [12, "bad_frame"], [13, "bad_record"], [
  40,
  "bad_record",
]] as const;

const OF_RECORDS: readonly AttackCase[] = [
  // First those that take longest.
  {
    name: "loses everything that one host says",
    late: ({ alpha }) => drop(only(["reply", "record"], { from: alpha.address })),
    succeed: "some",
    counted: [["alpha", "repeated_request"]],
  },
  {
    name: "loses everything that is said to one host",
    late: ({ alpha }) => drop(only(["initiation", "record"], { to: alpha.address })),
    succeed: "some",
    counted: [],
  },
  {
    name: "repeats every frame three times",
    late: () => repeat(only(["initiation", "reply", "record"]), 3),
    succeed: "all",
    counted: [["alpha", "replayed_record"], ["caller", "replayed_record"]],
  },
  {
    name: "delivers records in another order",
    late: ({ relay }) => scramble(only("record"), relay, seededRandom(SEED)),
    succeed: "all",
    counted: [],
  },
  {
    name: "delivers requests to another host than was meant",
    late: (scene) => redirect(toAlpha(scene, 5), () => scene.relay.victim(scene.beta.address)),
    succeed: "small",
    counted: [["beta", "unknown_session"], ["caller", "unknown_hint"]],
  },
  {
    name: "delivers answers of one host as those of another",
    late: (scene) => claim(fromAlpha(scene, 5), scene.beta.address),
    succeed: "small",
    counted: [["caller", "misdirected_record"]],
  },
  {
    name: "delivers requests of one peer as those of another",
    late: (scene) => claim(toAlpha(scene, 5), scene.beta.address),
    succeed: "small",
    counted: [["alpha", "misdirected_record"]],
  },
  {
    name: "swaps answers of two hosts",
    late: swapAnswers,
    succeed: "small",
    counted: [["caller", "misdirected_record"]],
  },
  {
    name: "loses some requests and answers",
    late: (scene) => either(drop(toAlpha(scene, 4)), drop(fromAlpha(scene, 4))),
    succeed: "small",
    counted: [["alpha", "repeated_request"]],
  },
  {
    name: "loses all large records of one host",
    late: ({ alpha }) =>
      drop(({ from, kind, payload }) =>
        kind === "record" && payload.length > 2_000 && equalBytes(from.address, alpha.address)
      ),
    succeed: "small",
    counted: [],
  },
  {
    name: "puts frames of its own among the others",
    late: () => (frame) =>
      passOn(frame).flatMap((delivery) => [
        { ...delivery, payload: garbage(1 + Math.floor(Math.random() * 300)) },
        { ...delivery, payload: new Uint8Array([3, ...garbage(60)]) },
        delivery,
      ]),
    succeed: "all",
    counted: [["alpha", "bad_frame"], ["caller", "bad_frame"]],
  },
  ...RECORD_BITS.map(([what, byte, bit, kind]): AttackCase => ({
    name: `flips a bit in ${what}`,
    late: (scene) =>
      either(tamper(toAlpha(scene, 3), flip(byte, bit)), tamper(fromAlpha(scene, 3), flip(byte, bit))),
    succeed: "small",
    counted: [["alpha", kind], ["caller", kind]],
  })),
  ...CUTS.map(([length, kind]): AttackCase => ({
    name: `cuts records to ${length} bytes`,
    late: (scene) => tamper(fromAlpha(scene, 5), (payload) => payload.slice(0, length)),
    succeed: "small",
    counted: [["caller", kind]],
  })),
];

const OF_HANDSHAKES: readonly AttackCase[] = [
  {
    name: "repeats every handshake three times",
    early: () => repeat(only(["initiation", "reply"]), 3),
    succeed: "all",
    counted: [["alpha", "replayed_handshake"]],
  },
  {
    name: "delivers handshakes as those of somebody else",
    early: (relay) => {
      const match = only("initiation", { times: 2 });
      return (frame) => {
        const other = relay.victims.find((victim) => victim !== frame.from && victim !== frame.to);
        return other === undefined ? undefined : claim(match, other.address)(frame);
      };
    },
    succeed: "all",
    counted: [["alpha", "bad_handshake"]],
  },
  {
    name: "loses the first handshakes and their replies",
    early: () => either(drop(only("initiation", { times: 2 })), drop(only("reply", { times: 1 }))),
    succeed: "all",
    counted: [],
  },
  ...([
    ["type", 0, 3, "bad_frame"],
    ["key", 20, 0, "bad_handshake"],
    ["encrypted key", 50, 5, "bad_handshake"],
    ["card", 200, 2, "bad_handshake"],
    ["tag", -1, 0, "bad_handshake"],
  ] as const).map(([what, byte, bit, kind]): AttackCase => ({
    name: `flips a bit in the ${what} of handshakes`,
    early: () => tamper(only("initiation", { times: 2 }), flip(byte, bit)),
    succeed: "all",
    counted: [["alpha", kind]],
  })),
  ...([
    ["session index", 6, 1, "bad_handshake"],
    ["key", 12, 0, "bad_handshake"],
    ["tag", -1, 0, "bad_handshake"],
  ] as const).map(([what, byte, bit, kind]): AttackCase => ({
    name: `flips a bit in the ${what} of a handshake's reply`,
    early: () => tamper(only("reply", { times: 2 }), flip(byte, bit)),
    succeed: "all",
    counted: [["caller", kind]],
  })),
];

/** All attacks on frames. */
export const FRAME_ATTACKS: readonly AttackCase[] = [...OF_RECORDS, ...OF_HANDSHAKES];

/** Keeps one record of each host back, and delivers each as the other's. */
function swapAnswers(scene: Scene): FrameRule {
  const { relay, caller, alpha, beta } = scene;
  const ofAlpha = hold(fromAlpha(scene, 1));
  const ofBeta = hold(only("record", { from: beta.address, times: 1 }));
  return (frame) => {
    const decided = either(ofAlpha.rule, ofBeta.rule)(frame);
    const [first] = ofAlpha.frames;
    const [second] = ofBeta.frames;
    if (decided === undefined || first === undefined || second === undefined) return decided;
    const to = relay.victim(caller.address);
    return [
      { to, as: beta.address, payload: first.payload },
      { to, as: alpha.address, payload: second.payload },
    ];
  };
}
