/**
 * The documentation agrees with the code: generated pages are up to date, links lead somewhere, and what is named or
 * counted in prose is there.
 */
import assert from "node:assert/strict";
import { dirname, posix } from "node:path";
import { outdatedPages, type Page, renderPages } from "../../docs/generate.ts";
import { SETTING_KEYS, settingOf } from "../../src/config/settings.ts";
import { allTools } from "../../src/mcp/tools.ts";
import { FOLLOWS_PER_TICK } from "../../src/peer/follows.ts";
import { LOOKUP_LIMITS } from "../../src/peer/lookups.ts";
import { MEMORY_LIMITS } from "../../src/peer/memory.ts";
import { PENDING_LIMITS } from "../../src/peer/pending.ts";
import { CONNECTION_TIMES } from "../../src/peer/relay_connection.ts";
import { handshakeTimeout, SESSION_LIMITS } from "../../src/peer/session_table.ts";
import { Card } from "../../src/protocol/card.ts";
import { CloseCode, PeerMessage, RelayErrorCode, RelayMessage } from "../../src/protocol/control.ts";
import * as limits from "../../src/protocol/limits.ts";
import { MIN_TOKEN_CHARACTERS } from "../../src/crypto/room_secret.ts";
import { NOISE_PROTOCOL_NAME } from "../../src/crypto/noise.ts";
import { REPLAY_WINDOW_SIZE } from "../../src/crypto/replay_window.ts";
import { BACKOFF, GOOD_CONNECTION_MS, PLATEAU } from "../../src/transport/reconnect.ts";
import { VERSION } from "../../src/version.ts";
import { CONTROL_PER_SEC } from "../../relay/core/limits.ts";
import { MAX_FOLLOWS } from "../../relay/core/room.ts";
import { MAX_OUTBOUND_BYTES } from "../../relay/socket.ts";
import { PROJECT_ROOT, projectFiles, readProjectText } from "../helpers/project_files.ts";

const PAGES = [
  ...await Promise.all(
    ["README.md", "CHANGELOG.md"].map(async (path) => ({ path, text: await readProjectText(path) })),
  ),
  ...await projectFiles(["docs", ".github"], /\.md$/),
];
const pageText = (path: string) => PAGES.find((page) => page.path === path)?.text ?? "";
/** One blank for each break of a line: prose may be wrapped anywhere. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ");

Deno.test("the generated pages are what the code says", async () => {
  assert.deepEqual(await outdatedPages(await renderPages()), [], 'run "deno task gen"');
});

Deno.test("outdatedPages() notices a page that differs and one that is missing", async () => {
  const pages: Page[] = [{ name: "TOOLS.md", text: "other" }, { name: "NONE.md", text: "" }];
  assert.deepEqual(await outdatedPages(pages), ["docs/TOOLS.md", "docs/NONE.md"]);
});

Deno.test("every tool and every setting has its place in the generated pages", () => {
  for (const { name } of allTools()) assert.ok(pageText("docs/TOOLS.md").includes(`\n## ${name}\n`), name);
  for (const key of SETTING_KEYS) {
    const page = pageText("docs/CONFIG.md");
    for (const text of [`\`${key}\``, settingOf(key).env, settingOf(key).flag]) {
      assert.ok(page.includes(text));
    }
  }
});

for (const { path, text } of PAGES) {
  Deno.test(`the links of ${path} lead to files and headings that are there`, async () => {
    const broken: string[] = [];
    for (const [, link = ""] of text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
      const [file = "", heading] = link.split("#");
      const target = file === "" ? path : posix.join(dirname(path), file);
      const content = await readIfThere(target);
      if (content === undefined || (heading !== undefined && !headingsOf(content).has(heading))) {
        broken.push(link);
      }
    }
    assert.deepEqual(broken, []);
  });

  Deno.test(`the paths that ${path} names are there`, async () => {
    const named = text.matchAll(/`((?:src|relay|tests|docs|\.ci|\.github)\/[\w./-]*)`/g);
    const missing: string[] = [];
    for (const [, name = ""] of named) {
      if (!await isThere(name)) missing.push(name);
    }
    assert.deepEqual(missing, []);
  });

  Deno.test(`the tasks that ${path} names are those of deno.json`, async () => {
    const { tasks } = JSON.parse(await readProjectText("deno.json"));
    const named = new Set([...text.matchAll(/\btask ([a-z]+(?::[a-z]+)*)\b/g)].map(([, name]) => name ?? ""));
    assert.deepEqual([...named].filter((name) => tasks[name] === undefined), []);
  });
}

Deno.test("the README leads with the two commands of a fresh machine", async () => {
  const commands = pageText("README.md").match(/^npx .*$/gm) ?? [];
  const [demo = "", test = ""] = commands.map((line) => line.split("#")[0]?.trim() ?? "");
  assert.deepEqual([demo, test], ["npx -y deno@2.9.6 task demo", "npx -y deno@2.9.6 task test"]);
  assert.ok(pageText("README.md").indexOf(demo) < 200);
  // One version of Deno everywhere.
  const gate = await readProjectText(".ci/run");
  assert.match(gate, /^DENO_VERSION=2\.9\.6$/m);
  const workflow = await readProjectText(".github/workflows/ci.yml");
  for (const text of [...PAGES.map((page) => page.text), workflow]) {
    for (const [, version] of text.matchAll(/\bdeno@([\d.]*\d)/g)) assert.equal(version, "2.9.6");
  }
});

Deno.test("the changelog has the version of deno.json", () => {
  assert.ok(new RegExp(`^## .*\\b${VERSION.replaceAll(".", "\\.")}\\b`, "m").test(pageText("CHANGELOG.md")));
});

Deno.test("every dependency has its row, with its version", async () => {
  const { imports }: { imports: Record<string, string> } = JSON.parse(await readProjectText("deno.json"));
  const page = flat(pageText("docs/DEPENDENCIES.md"));
  for (const target of Object.values(imports)) {
    const [, name = "", version = ""] = /^npm:(@?[^@]+)@([\d.]+)/.exec(target) ?? [];
    assert.ok(page.includes(`\`${name}\` ${version}`), `${name} ${version}`);
  }
});

Deno.test("ARCHITECTURE.md names every folder of the source", async () => {
  const page = pageText("docs/ARCHITECTURE.md");
  const files = await projectFiles(["src", "relay"], /\.ts$/);
  const folders = new Set(files.map(({ path }) => path.split("/").slice(0, 2).join("/")));
  for (const folder of folders) {
    if (folder.startsWith("relay/") && folder !== "relay/core") continue;
    assert.ok(page.includes(folder), folder);
  }
});

Deno.test("PROTOCOL.md and SECURITY.md have the same table of what the relay learns", () => {
  const rowOf = (path: string) =>
    /\| room public key[^\n]*/.exec(pageText(path))?.[0].replaceAll(/\s+/g, " ");
  assert.ok(rowOf("docs/PROTOCOL.md") !== undefined);
  assert.equal(rowOf("docs/SECURITY.md"), rowOf("docs/PROTOCOL.md"));
});

Deno.test("PROTOCOL.md names every message, code and field", () => {
  const page = pageText("docs/PROTOCOL.md");
  const words = [
    ...RelayMessage.options.map(({ shape }) => `"${shape.type.value}"`),
    ...PeerMessage.options.map(({ shape }) => `"${shape.type.value}"`),
    ...PeerMessage.options.flatMap(({ shape }) => Object.keys(shape)),
    ...RelayErrorCode.options.map((code) => `\`${code}\``),
    ...Object.values(CloseCode).map(String),
    ...Object.keys(Card.shape),
    "paramsBytes",
    "resultBytes",
    "deadlineMs",
    "sent",
    NOISE_PROTOCOL_NAME,
    limits.CONNECT_PATH,
  ];
  assert.deepEqual(words.filter((word) => !page.includes(word)), []);
});

const KIB = 1024;
const MIB = 1024 * KIB;
/** Sentences of PROTOCOL.md with figures, made from the figures in the code. */
const FIGURES: readonly string[] = [
  `token** is any text of ${MIN_TOKEN_CHARACTERS} or more characters`,
  `the first ${limits.ADDRESS_BYTES} bytes of SHA-256(session Ed25519 public key)`,
  `JSON)\`, at most ${limits.MAX_CARD_BYTES / KIB} KiB`,
  `pages of at most ${limits.ROSTER_PAGE_SIZE} cards`,
  `keeps ${MAX_FOLLOWS} follows a connection`,
  `and ${CONTROL_PER_SEC} control messages a second`,
  `heard nothing for ${CONNECTION_TIMES.pingAfterMs / 1000} s`,
  `Nothing for ${CONNECTION_TIMES.deadAfterMs / 1000} s`,
  `from ${BACKOFF.minMs / 1000} s to ${PLATEAU.ms / 1000} s, stays at ${
    PLATEAU.ms / 1000
  } s for ${PLATEAU.attempts} ` +
  `attempts, then doubles to ${BACKOFF.maxMs / 1000} s. ${GOOD_CONNECTION_MS / 1000} s of a good connection`,
  `| payload of a frame | ${limits.MAX_PAYLOAD_BYTES / KIB} KiB`,
  `| message, in either direction | ${limits.MAX_MESSAGE_BYTES / MIB} MiB`,
  `| text message of a peer | ${limits.MAX_PEER_TEXT_BYTES / KIB} KiB`,
  `for one connection | ${MAX_OUTBOUND_BYTES / MIB} MiB`,
  `within a window of ${REPLAY_WINDOW_SIZE} `,
  `open records for ${SESSION_LIMITS.graceMs / 1000} s more`,
  `${
    spaced(SESSION_LIMITS.waitingInitiations)
  } handshakes of others that wait, ${SESSION_LIMITS.handshakesPerTurn} ` +
  `worked on in one turn, ${spaced(SESSION_LIMITS.halfOpen)} half-open sessions`,
  `card that the relay does not answer within ${LOOKUP_LIMITS.answerMs / 1000} s`,
  `under ${FOLLOWS_PER_TICK} follows a second`,
  `${SESSION_LIMITS.perPeer} sessions a peer, ${SESSION_LIMITS.queuedMessages} messages or ` +
  `${SESSION_LIMITS.queuedBytes / MIB} MiB`,
  `is tried ${SESSION_LIMITS.handshakeAttempts} times, for ` +
  Array.from({ length: SESSION_LIMITS.handshakeAttempts }, (_, i) => handshakeTimeout(i + 1) / 1000).join(
    ", ",
  ) + " s",
  `at most every ${SESSION_LIMITS.hintIntervalMs / 1000} s`,
  `body (bytes)\`, at most ${limits.MAX_PLAINTEXT_BYTES / KIB} KiB`,
  `messages of at most ${limits.MAX_CHUNK_BYTES / KIB} KiB`,
  `${limits.INITIAL_CREDIT_BYTES / MIB} MiB for \`params\``,
  `JSON over ${limits.MAX_INLINE_VALUE_BYTES / KIB} KiB, up to ${limits.MAX_VALUE_BYTES / MIB} MiB`,
  `come within ${PENDING_LIMITS.incompleteMs / 1000} s`,
  `nothing for ${
    PENDING_LIMITS.askAgainAfterMs / 1000
  } s is asked again, at most ${PENDING_LIMITS.maxRepeats} times`,
  `answers for ${MEMORY_LIMITS.keepMs / 60_000} minutes, ${spaced(MEMORY_LIMITS.idsPerPeer)} ids and ` +
  `${MEMORY_LIMITS.totalCharacters / MIB} MiB`,
  `gives the host ${PENDING_LIMITS.deadlineGraceMs / 1000} s`,
  `share ${PENDING_LIMITS.totalCreditBytes / MIB} MiB (at least ${
    PENDING_LIMITS.minCreditBytes / KIB
  } KiB each`,
];
for (const sentence of FIGURES) {
  Deno.test(`PROTOCOL.md says "${sentence}", as the code does`, () => {
    assert.ok(flat(pageText("docs/PROTOCOL.md")).includes(flat(sentence)));
  });
}

/** As GitHub makes anchors of headings. */
function headingsOf(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title ?? "");
  return new Set(
    headings.map((title) => title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")),
  );
}

function spaced(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, " ");
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readProjectText(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(`${PROJECT_ROOT}${path}`);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
