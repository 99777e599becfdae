/**
 * The scene of an attack: peers around a hostile relay, commands that leave a mark outside the code under test, and
 * the check that holds whatever the relay does: nothing runs twice and nothing wrong is believed.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createToken } from "../../src/crypto/room_secret.ts";
import { OperationError } from "../../src/errors.ts";
import { type Bytes, concatBytes, EMPTY } from "../../src/protocol/bytes.ts";
import type { ErrorCode } from "../../src/protocol/error_code.ts";
import { OUTPUT_END_BYTES } from "../../src/protocol/operations/exec.ts";
import { OPERATIONS } from "../../src/protocol/operation.ts";
import { eventually } from "./eventually.ts";
import { type HostileRelay, startHostileRelay } from "./hostile_relay.ts";
import { startTestPeer, type TestPeer, type TestPeerOptions } from "./test_peer.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** What became of one call. */
export interface Outcome {
  /** Unique; the command writes it as a line of the ledger. */
  readonly id: string;
  /** What the command prints if it is carried out. */
  readonly expected: string;
  /** What the answer says that it printed; undefined if the call failed. */
  readonly stdout: string | undefined;
  /** What was streamed; it may stop early if the call failed. */
  readonly streamed: string;
  readonly error: unknown;
}

/** How a call is made. */
export interface CallOptions {
  /** Who asks. @default the scene's first caller */
  readonly by?: TestPeer;
  /** Lines of output, about 60 bytes each. @default 1 */
  readonly lines?: number;
  /** Bytes of an argument that the command does not use. @default 0 */
  readonly paddingBytes?: number;
  /** Whether output is sent as it comes; what is lost of it is not sent again. @default false */
  readonly streams?: boolean;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Seconds that the command sleeps after its mark. @default 0 */
  readonly sleepSecs?: number;
}

/** The codes with which a call may end because of its relay. */
const LOSS_CODES: ReadonlySet<ErrorCode> = new Set([
  "peer_gone",
  "link_lost",
  "not_connected",
  "timed_out",
  "cancelled",
  "unknown_agent",
  "busy",
]);

/** Peers around a hostile relay. */
export interface Scene extends AsyncDisposable {
  readonly relay: HostileRelay;
  readonly caller: TestPeer;
  readonly alpha: TestPeer;
  readonly beta: TestPeer;
  readonly token: string;
  readonly room: string;
  /** Starts one more peer in the room and waits until it is there. */
  add(options: Partial<TestPeerOptions> & { readonly name: string }): Promise<TestPeer>;
  /** Runs a command with a mark on a host; never rejects. */
  call(host: TestPeer, options?: CallOptions): Promise<Outcome>;
  /** Runs the same kind of call several times at once. */
  calls(count: number, host: TestPeer, options?: CallOptions): Promise<Outcome[]>;
  /** The marks so far: how often each command ran. */
  marks(): Promise<Map<string, number>>;
  /** Checks all calls of the scene so far against the ledger. */
  verify(): Promise<void>;
  /** Waits until everybody is connected and those who watch know everybody. */
  settled(): Promise<void>;
}

/** Sets a scene: one caller, which runs nothing itself, and two hosts. */
export async function setScene(
  options: Pick<TestPeerOptions, "speed"> & {
    readonly hosts?: Partial<TestPeerOptions>;
    /** Sets the relay up before anybody joins. */
    readonly prepare?: (relay: HostileRelay) => void;
  } = {},
): Promise<Scene> {
  await using setting = new AsyncDisposableStack();
  const { folder } = setting.use(await temporaryFolder());
  const ledger = join(folder, "ledger");
  await Deno.writeTextFile(ledger, "");
  const relay = setting.use(startHostileRelay());
  relay.beats = options.speed !== undefined;
  options.prepare?.(relay);
  const token = await createToken();
  const room = `room-${crypto.randomUUID()}`;
  const peers: TestPeer[] = [];
  const watchers: TestPeer[] = [];
  const made: Promise<Outcome>[] = [];
  const start = async (extra: Partial<TestPeerOptions> & { readonly name: string }) => {
    const peer = await startTestPeer({
      relayUrl: relay.url,
      token,
      room,
      random: () => 0,
      ...(options.speed === undefined ? {} : { speed: options.speed }),
      ...extra,
    });
    peers.push(peer);
    if (extra.watch !== false) watchers.push(peer);
    await peer.peer.ready();
    return peer;
  };
  const alpha = setting.use(await start({ watch: false, ...options.hosts, name: "alpha" }));
  const beta = setting.use(await start({ watch: false, ...options.hosts, name: "beta" }));
  const caller = setting.use(await start({ name: "caller", role: "session", accepts: false }));
  const owned = setting.move();

  const marks = async () => {
    const counts = new Map<string, number>();
    for (const line of (await Deno.readTextFile(ledger)).split("\n")) {
      if (line !== "") counts.set(line, (counts.get(line) ?? 0) + 1);
    }
    return counts;
  };

  const attempt = async (host: TestPeer, call: CallOptions): Promise<Outcome> => {
    const { by = caller, lines = 1, paddingBytes = 0, sleepSecs = 0, streams = false } = call;
    const id = crypto.randomUUID();
    const answer = `answer ${id} of ${host.name}`;
    const expected = Array.from({ length: lines }, (_, i) => `${answer} ${i}\n`).join("");
    const script = 'echo "$1" >> "$2"; sleep "$5"; i=0; ' +
      'while [ $i -lt "$4" ]; do printf "%s %d\\n" "$3" $i; i=$((i + 1)); done';
    const argv = ["/bin/sh", "-c", script, "sh", id, ledger, answer, String(lines), String(sleepSecs)];
    let streamed: Bytes = EMPTY;
    let stdout: string | undefined;
    let error: unknown;
    try {
      const value = await by.peer.request(host.address, {
        op: "exec",
        params: { argv, env: { PADDING: "x".repeat(paddingBytes) } },
      }, {
        deadlineMs: call.deadlineMs,
        signal: call.signal,
        ...(streams ? { onOutput: (_channel, bytes) => void (streamed = concatBytes(streamed, bytes)) } : {}),
      });
      const result = OPERATIONS.exec.result.parse(value);
      assert.deepEqual([result.exitCode, result.stderr.bytes], [0, 0]);
      assert.equal(result.stdout.bytes, expected.length);
      if (streams) assert.equal(new TextDecoder().decode(streamed), expected);
      stdout = result.stdout.head + result.stdout.tail;
      assert.equal(result.stdout.truncated, stdout.length < expected.length);
    } catch (thrown) {
      error = thrown;
    }
    return { id, expected, stdout, streamed: new TextDecoder().decode(streamed), error };
  };

  const call = (host: TestPeer, callOptions: CallOptions = {}) => {
    const outcome = attempt(host, callOptions);
    made.push(outcome);
    return outcome;
  };

  return {
    relay,
    caller,
    alpha,
    beta,
    token,
    room,
    add: async (extra) => owned.use(await start(extra)),
    call,
    calls: (count, host, callOptions) =>
      Promise.all(Array.from({ length: count }, () => call(host, callOptions))),
    marks,
    async verify() {
      const outcomes = await Promise.all(made);
      const counts = await marks();
      for (const { id, expected, stdout, streamed, error } of outcomes) {
        const count = counts.get(id) ?? 0;
        assert.ok(count <= 1, `a command ran ${count} times`);
        // What was streamed is right as far as it goes, also when the call failed later.
        assert.ok(expected.startsWith(streamed), `streamed ${JSON.stringify(streamed.slice(0, 200))}`);
        if (error === undefined) {
          assert.equal(count, 1, "a command that did not run was reported as a success");
          assert.ok(stdout !== undefined && isEndsOf(stdout, expected), `answered ${stdout}`);
        } else {
          assert.ok(error instanceof OperationError, `not our error: ${error}`);
          assert.ok(LOSS_CODES.has(error.code), `${error.code}: ${error.message}`);
        }
      }
      const known = new Set(outcomes.map(({ id }) => id));
      for (const id of counts.keys()) assert.ok(known.has(id), `a mark that nobody asked for: ${id}`);
    },
    async settled() {
      await eventually(
        "all peers are connected and known",
        () =>
          peers.every(({ peer }) => peer.connection.status === "connected") &&
          watchers.every(({ peer }) => peer.agents.length === peers.length),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Tells whether a text is all of another, or its beginning followed by its end. */
function isEndsOf(text: string, whole: string): boolean {
  if (text.length === whole.length) return text === whole;
  const half = text.length / 2;
  return text.length >= 2 * OUTPUT_END_BYTES && whole.startsWith(text.slice(0, half)) &&
    whole.endsWith(text.slice(half));
}

/** Longer than every limit that a call has at tenfold speed: 40 s of silence, or 30 s for lost output. */
const HANG_MS = 20_000;

/** Waits for calls, but no longer than their limits allow at tenfold speed. */
export async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`A call hung for more than ${HANG_MS} ms`)), HANG_MS);
  });
  return await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** Asserts that calls succeeded; {@link Scene.verify} then shows that they did so rightly. */
export function assertAllSucceeded(outcomes: readonly Outcome[]): void {
  assert.deepEqual(outcomes.map(({ error }) => error), outcomes.map(() => undefined));
}
