/**
 * A caller's pending requests and a host's dispatcher, joined without sessions, under a clock that a test moves.
 */
import { createAnomalies } from "../../../src/peer/anomalies.ts";
import { createDispatcher, type Dispatcher, type Execute } from "../../../src/peer/dispatch.ts";
import { createPending, type Pending } from "../../../src/peer/pending.ts";
import { type Bytes, EMPTY } from "../../../src/protocol/bytes.ts";
import { decodeMessage, encodeMessage, type Header, type Message } from "../../../src/protocol/message.ts";
import { type FakeClock, turn, useFakeClock } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

export const CALLER = sampleAddress(1);
export const HOST = sampleAddress(2);

/** A message on its way. */
export interface Sent {
  readonly to: "host" | "caller";
  readonly header: Header;
  readonly body: Bytes;
}

/** Both sides. */
export interface Requests extends Disposable {
  readonly pending: Pending;
  readonly dispatcher: Dispatcher;
  readonly clock: FakeClock;
  /** Everything that was sent, also what was lost. */
  readonly log: Sent[];
  /** When a peer was reported as silent. */
  readonly silences: readonly number[];
  /** Whether a message arrives. @default all do */
  arrives: (sent: Sent) => boolean;
  /** Moves the clock, a second at a time, with what both sides do each second. */
  pass(ms: number): Promise<void>;
  /** Messages of a type that were sent. */
  sent<T extends Header["t"]>(type: T): Extract<Header, { t: T }>[];
  /** Anomalies of both sides. */
  anomalies(): Record<string, number | undefined>;
}

/** Joins a caller and a host. */
export function joinRequests(
  options: {
    readonly execute?: Execute;
    readonly accepts?: (op: string) => boolean;
    readonly drained?: () => Promise<void>;
  } = {},
): Requests {
  const { execute = ({ params }) => Promise.resolve(params), accepts = () => true } = options;
  const { drained = () => Promise.resolve() } = options;
  const clock = useFakeClock();
  const anomalies = createAnomalies();
  const log: Sent[] = [];
  const sendTo = (to: Sent["to"]) => (_address: Bytes, header: Header, body: Bytes = EMPTY) => {
    const message = decodeMessage(encodeMessage(header, body));
    log.push({ to, header, body });
    if (requests.arrives({ to, header, body })) queueMicrotask(() => deliver(to, message));
  };
  const deliver = (to: Sent["to"], message: Message) => {
    if (to === "host") dispatcher.receive(CALLER, message);
    else if (message.header.t !== "pong") pending.receive(HOST, message);
  };
  const silences: number[] = [];
  const pending = createPending({
    send: sendTo("host"),
    drained,
    onSilent: () => silences.push(clock.now()),
    anomalies,
    now: clock.now,
  });
  const dispatcher = createDispatcher({
    execute,
    accepts,
    send: sendTo("caller"),
    drained,
    anomalies,
    now: clock.now,
  });
  const requests: Requests = {
    pending,
    dispatcher,
    clock,
    log,
    silences,
    arrives: () => true,
    async pass(ms) {
      for (let left = ms; left > 0; left -= 1_000) {
        await clock.advance(Math.min(1_000, left));
        pending.tick();
        dispatcher.tick();
        await turn();
      }
    },
    sent: (type) =>
      log.map(({ header }) => header).filter((header): header is Extract<Header, { t: typeof type }> =>
        header.t === type
      ),
    anomalies: () => anomalies.snapshot(),
    [Symbol.dispose]: () => clock[Symbol.dispose](),
  };
  return requests;
}

/** Follows a promise, so that a test can ask how it stands. */
export function follow<T>(
  promise: Promise<T>,
): { state: "pending" | "resolved" | "rejected"; error: unknown } {
  const followed: ReturnType<typeof follow> = { state: "pending", error: undefined };
  promise.then(() => followed.state = "resolved", (error: unknown) => {
    followed.state = "rejected";
    followed.error = error;
  });
  return followed;
}
