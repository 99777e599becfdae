/**
 * The relay is blind: what it saw of a varied session, all bytes and texts of both directions and the HTTP requests,
 * is searched for everything that it must not learn, in every form in which a text commonly travels.
 */
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { hostIdentity } from "../../src/crypto/identity.ts";
import { createToken, deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { OperationError } from "../../src/errors.ts";
import { loadHostSeed } from "../../src/host/host_key.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { detectPlatform } from "../../src/host/platform.ts";
import { findAgent } from "../../src/peer/roster.ts";
import { decodeBase32, encodeBase32 } from "../../src/protocol/base32.ts";
import { type Bytes, concatBytes, utf8 } from "../../src/protocol/bytes.ts";
import { OPERATIONS } from "../../src/protocol/operation.ts";
import { eventually } from "../helpers/eventually.ts";
import { startHostileRelay } from "../helpers/hostile_relay.ts";
import { createTranscript } from "../helpers/hostile_transcript.ts";
import { startAgentProcess } from "../helpers/processes.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { startTestPeer } from "../helpers/test_peer.ts";

/** A word that is nowhere else, so that finding it is proof. */
const unique = (what: string) => `${what}-${crypto.randomUUID()}`;

Deno.test("a relay that keeps all it sees finds nothing of what peers say and are", async () => {
  await using relay = startHostileRelay();
  await using temporary = await temporaryFolder();
  const words = {
    room: unique("room"),
    "encryption key": unique("encryption"),
    "name of a service": unique("service"),
    "name of a caller": unique("caller"),
    "name of a disabled host": unique("closed"),
    "tag": unique("tag").slice(0, 32),
    "value in the environment": unique("value"),
    "name in the environment": unique("NAME").replaceAll("-", "_"),
    "text on stdin": unique("stdin"),
    "output": unique("output"),
    "error output": unique("complaint"),
    "file name": unique("file"),
    "missing program": unique("missing"),
    "unknown operation": unique("operation"),
    "cancelled command": unique("cancelled"),
  };
  const token = await createToken();
  const place = { relayUrl: relay.url, token, room: words.room, encryptionKey: words["encryption key"] };
  const home = join(temporary.folder, "home");
  await Deno.mkdir(home);
  const disabledSeed = hybridSuite.randomBytes(32);
  const callerSeed = hybridSuite.randomBytes(32);

  // The real program, as a process of its own, so that nothing of its composition is left out.
  await using _service = await startAgentProcess({
    home,
    args: ["--name", words["name of a service"], "--tags", words.tag],
    env: {
      REMOTE_AGENTS_RELAY: relay.url,
      REMOTE_AGENTS_ROOM: words.room,
      REMOTE_AGENTS_TOKEN: token,
      REMOTE_AGENTS_ENCRYPTION_KEY: words["encryption key"],
      REMOTE_AGENTS_MODE: "bypass",
    },
  });
  await using disabled = await startTestPeer({
    ...place,
    name: words["name of a disabled host"],
    tags: [words.tag],
    mode: "disabled",
    seed: disabledSeed,
  });
  await using caller = await startTestPeer({
    ...place,
    name: words["name of a caller"],
    role: "session",
    accepts: false,
    seed: callerSeed,
    random: () => 0,
  });
  await caller.peer.ready();
  await eventually("all are known", () => caller.peer.agents.length === 3);
  const service = () => findAgent(caller.peer.agents, words["name of a service"]).members[0];
  const ask = async (op: string, params: unknown, options = {}) => {
    const member = service();
    assert.ok(member !== undefined);
    return await caller.peer.request(member.address, { op, params }, options);
  };

  // A session with a bit of everything; each part shows that it really happened.
  const ran = OPERATIONS.exec.result.parse(
    await ask("exec", {
      command:
        `cat; echo ${words.output}; echo "$${words["name in the environment"]}" > ${words["file name"]}; ` +
        `ls ${words["file name"]}; echo ${words["error output"]} >&2; exit 3`,
      cwd: home,
      env: { [words["name in the environment"]]: words["value in the environment"] },
      stdin: words["text on stdin"],
    }, { onOutput: () => {} }),
  );
  assert.equal(ran.exitCode, 3);
  assert.ok(ran.stdout.head.includes(words.output) && ran.stdout.head.includes(words["file name"]));
  assert.ok(ran.stderr.head.includes(words["error output"]));
  const long = OPERATIONS.exec.result.parse(
    await ask("exec", { command: `yes ${words.output} | head -c 500000` }, { onOutput: () => {} }),
  );
  assert.equal(long.stdout.bytes, 500_000);
  const info = OPERATIONS.get_info.result.parse(await ask("get_info", {}));
  const failures = await Promise.allSettled([
    ask("exec", { argv: [words["missing program"]] }),
    ask(words["unknown operation"], {}),
    caller.peer.request(disabled.address, { op: "exec", params: { command: words.output } }),
    ask("exec", { command: `echo ${words["cancelled command"]}; sleep 60` }, {
      signal: AbortSignal.timeout(300),
    }),
  ]);
  const errors = failures.map((failure) => {
    assert.ok(failure.status === "rejected" && failure.reason instanceof OperationError);
    return failure.reason;
  });
  assert.deepEqual(errors.map(({ code }) => code), [
    "cannot_run",
    "unknown_operation",
    "refused",
    "cancelled",
  ]);
  await caller.peer.refreshCard();
  relay.close(1012);
  await eventually("the caller was disconnected", () => caller.downs.length === 1);
  await eventually("all are back", () => caller.peer.agents.length === 3);
  await ask("exec", { command: `echo ${words.output}` });

  const { transcript } = relay;
  const address = service()?.address;
  const secret = await deriveRoomSecret({ ...place, suite: hybridSuite });
  assert.ok(address !== undefined && transcript.size > 500_000);
  // The search finds what has to be there, so it would find the rest.
  assert.ok(transcript.search(secret.roomKey.publicKey).includes("base64url"));
  assert.ok(transcript.search(address).includes("raw, any case"));
  assert.ok(transcript.search(caller.address).includes("raw, any case"));

  const serviceSeed = await findSeed(home);
  const hosts = await Promise.all(
    [serviceSeed, disabledSeed, callerSeed].map((seed) => hostIdentity(hybridSuite, seed)),
  );
  const { kernel, shell, distro = "Debian GNU" } = detectPlatform();
  const secrets: Record<string, string | Bytes> = {
    ...words,
    "token": token,
    "bytes of the token": decodeBase32(token.slice(4)),
    "seed of the room key": secret.roomKey.seed,
    "card key": secret.cardKey,
    "session psk": secret.sessionPsk,
    "seed of a host key": serviceSeed,
    "home": home,
    "home of a test peer": caller.home,
    "kernel": kernel,
    "shell": shell,
    "distribution": distro,
    "name of an operation": "get_info",
    "another name of an operation": '"exec"',
    "header of a request": '"t":"request"',
    "name of a field": "exitCode",
    "a mode": "bypass",
    "another mode": "disabled",
    "a code of an error": "cannot_run",
    "another code of an error": "not_accepting",
    "a role": '"service"',
  };
  for (
    const [what, name] of [["hostname", hostname()], ["hostname", info.hostname], [
      "user",
      info.user,
    ]] as const
  ) {
    for (const text of inContext(name)) secrets[`${what} as ${text}`] = text;
  }
  for (const [i, { agentId, hostKey }] of hosts.entries()) {
    secrets[`id of agent ${i}`] = agentId;
    secrets[`key of agent ${i}`] = hostKey.publicKey;
  }
  for (const [i, { message }] of errors.entries()) secrets[`text of error ${i}`] = message;
  for (const [what, value] of Object.entries(secrets)) {
    assert.deepEqual(transcript.search(value), [], `the relay learned the ${what}`);
  }
});

const WORD = utf8("marker-of-the-control-run");

/** The forms, as something that carries the word in the middle of other bytes would show it. */
const FORMS: readonly (readonly [string, (word: Bytes) => Bytes | string])[] = [
  ["raw, any case", (word) => word],
  ["raw, any case", (word) => new TextDecoder().decode(word).toUpperCase()],
  ["reversed", (word) => word.toReversed()],
  ["hex, any case", (word) => word.toHex().toUpperCase()],
  ["UTF-16, little endian", (word) => interleave(word, 1)],
  ["UTF-16, big endian", (word) => interleave(word, 0)],
  ...[0, 1, 2].map((shift) =>
    ["base64", (word: Bytes) => concatBytes(new Uint8Array(shift), word, utf8("?")).toBase64()] as const
  ),
  ...[0, 1, 2, 3, 4].map((shift) =>
    [
      "base32, any case",
      (word: Bytes) => encodeBase32(concatBytes(utf8("x".repeat(shift)), word, utf8("yz"))),
    ] as const
  ),
];

Deno.test("the search finds a marker that is put in clear, in every form", () => {
  for (const [form, encode] of FORMS) {
    const transcript = createTranscript();
    const encoded = encode(WORD);
    transcript.addBytes(crypto.getRandomValues(new Uint8Array(1_000)));
    assert.deepEqual(transcript.search(WORD), []);
    if (typeof encoded === "string") transcript.addText(`{"x":"${encoded}"}`);
    else transcript.addBytes(concatBytes(new Uint8Array(7), encoded, new Uint8Array(7)));
    assert.ok(transcript.search(WORD).includes(form), `${form} was not found`);
  }
});

Deno.test("the search finds what a relay hears in clear", async () => {
  await using relay = startHostileRelay();
  const { token, room } = { token: await createToken(), room: unique("room") };
  await using peer = await startTestPeer({ relayUrl: relay.url, token, room, name: "peer" });
  await peer.peer.ready();
  const marker = unique("marker");
  assert.deepEqual(relay.transcript.search(marker), []);
  const [victim] = relay.victims;
  assert.ok(victim !== undefined);
  relay.say(victim, marker);
  relay.sendRaw(victim, utf8(marker.toUpperCase()));
  assert.ok(relay.transcript.search(marker).includes("raw, any case"));
});

function interleave(word: Bytes, at: 0 | 1): Bytes {
  const out = new Uint8Array(word.length * 2);
  for (const [i, byte] of word.entries()) out[2 * i + (1 - at)] = byte;
  return out;
}

/** A name, or if it is so short that random bytes could contain it, all that could be around it in JSON. */
function inContext(name: string): string[] {
  return name.length >= 6 ? [name] : [`":"${name}",`, `":"${name}"}`];
}

/** The seed of the host key that the program made somewhere in its home. */
async function findSeed(home: string): Promise<Bytes> {
  for await (const { name, isDirectory } of Deno.readDir(home)) {
    if (name === "host_key") return await loadHostSeed(home, () => assert.fail("There is a seed"));
    if (isDirectory) {
      const found = await findSeed(join(home, name)).catch(() => undefined);
      if (found !== undefined) return found;
    }
  }
  throw new Error("Cannot find the host key");
}
