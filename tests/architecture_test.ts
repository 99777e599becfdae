/**
 * The architecture as a test: which folder may use which, what must stay pure, and what every file has to keep.
 * A red test here means "decide", and the decision is a row with its reason in one of the tables below. That the checks
 * can fail is shown in `architecture_checks_test.ts`.
 */
import assert from "node:assert/strict";
import {
  importProblems,
  lengthProblems,
  namedUseProblems,
  pinProblems,
  purityProblems,
  reachProblems,
  testPathOf,
  textProblems,
  type Units,
  unusedProblems,
} from "./helpers/architecture.ts";
import { projectFiles, readProjectText } from "./helpers/project_files.ts";

const WIRE = "the types, codecs and limits of the wire";
const ERRORS = "the errors that somebody catches";
const SCHEMAS = "schemas";

/** Who may use what. Lower layers never use higher ones. */
const UNITS: Units = {
  // Layer 0, pure: shared by node, relay, browser and Worker.
  "src/protocol": { isPure: true, uses: {}, packages: { "zod": SCHEMAS } },
  "src/crypto": { isPure: true, uses: { "src/protocol": "what is encrypted and signed" } },
  // What every layer above may use.
  "src/errors.ts": { uses: { "src/protocol": "an error's code and the form in which it travels" } },
  "src/version.ts": { uses: { "deno.json": "the one place where the version is written" } },
  "src/log.ts": {
    uses: { "src/config": "redaction: secrets never get into the log" },
    packages: { "@logtape/logtape": "the log" },
  },
  // Layer 1.
  "src/problems.ts": { uses: {} },
  "src/safety": {
    isPure: true,
    uses: { "src/protocol": "modes, and what an operation does" },
    packages: {
      "zod": SCHEMAS,
      "unbash": "the syntax tree of a command",
      "minimatch": "globs of path rules",
    },
  },
  "src/config": {
    uses: {
      "src/protocol": "the shapes of names, tags and modes",
      "src/crypto": "the least length of a token",
      "src/safety": "the shapes of rules about peers and commands",
      "src/errors.ts": ERRORS,
    },
    packages: { "zod": SCHEMAS, "smol-toml": "reads config.toml" },
  },
  "src/host": {
    uses: {
      "src/protocol": WIRE,
      "src/crypto": "the port that the hybrid suite fills, and the lengths of keys",
      "src/safety": "grants that sandboxes open, the shape of stored modes, and trees of path rules",
      "src/errors.ts": ERRORS,
    },
    packages: {
      "zod": "the shapes of small files in the state folder",
      "node:fs": "what Deno has no call for: opening without following links or blocking, file descriptors",
      "node:fs/promises": "the same",
      "node:sqlite": "databases",
      "node:buffer": "bytes of node:crypto",
      "node:crypto": "the primitives that are faster there than in Web Crypto",
      "node:os": "what the machine is",
      "node:path": "paths of this platform",
    },
  },
  // Layer 2.
  "src/transport": {
    uses: { "src/protocol": "limits and close codes" },
    packages: { "ws": "the WebSocket client with Nagle's algorithm off" },
  },
  // Layer 3.
  "src/peer": {
    uses: {
      "src/protocol": WIRE,
      "src/crypto": "sessions, cards and proofs",
      "src/transport": "the port to the network",
      "src/errors.ts": ERRORS,
    },
    packages: { "node:timers": "handshakes by turns of the event loop" },
  },
  "src/jobs": {
    uses: {
      "src/protocol": "the shape of a job",
      "src/host": "processes and databases",
      "src/errors.ts": ERRORS,
    },
    packages: { "zod": "what comes out of the database", "node:path": "paths of this platform" },
  },
  "src/backups": {
    uses: {
      "src/protocol": "bytes",
      "src/host": "files and databases",
      "src/errors.ts": ERRORS,
    },
    packages: {
      "node:crypto": "hashes of contents, as they stream",
      "node:fs": "small files that are looked at in one turn",
      "node:fs/promises": "files by descriptor",
      "node:path": "paths of this platform",
    },
  },
  "src/audit": {
    uses: { "src/protocol": "modes and error codes", "src/errors.ts": ERRORS },
    packages: {
      "zod": "records as they are read back",
      "node:crypto": "the hashes of the chain",
      "node:path": "paths of this platform",
      "node:timers": "batches by turns of the event loop, and timers that can be unreferenced",
    },
  },
  "src/parts": {
    uses: {
      "src/protocol": "the names and tickets of parts",
      "src/host": "files that are read, and who is alive",
      "src/errors.ts": ERRORS,
    },
    packages: {
      "node:fs/promises": "how much room a disk has",
      "node:path": "paths of this platform",
    },
  },
  // Layer 4.
  "src/executors": {
    uses: {
      "src/protocol": "the operations",
      "src/safety": "the one place where the policy is asked",
      "src/host": "processes, files and the machine",
      "src/jobs": "commands that go on",
      "src/backups": "what is overwritten is kept",
      "src/parts": "data of distributed runs",
      "src/audit": "the one place where requests are recorded",
      "src/errors.ts": ERRORS,
    },
    packages: {
      "diff": "unified diffs",
      "node:crypto": "hashes of files, as they stream",
      "node:fs/promises": "the sizes of file systems, and files by descriptor",
      "node:path": "paths of this platform",
    },
  },
  "src/fleet": {
    uses: {
      "src/protocol": "the operations",
      "src/peer": "other machines",
      "src/executors": "this machine",
      "src/host": "the database of runs, files that are divided, and who is alive",
      "src/parts": "the coordinator's own parts, and merging by key",
      "src/errors.ts": ERRORS,
    },
    packages: {
      "zod": "what comes out of the database and of small files",
      "diff": "odd hosts against the usual ones",
      "node:crypto": "hashes of results, as they stream",
      "node:fs/promises": "results, as they stream",
      "node:path": "paths of this platform",
    },
  },
  // Layer 5.
  "src/mcp": {
    uses: {
      "src/protocol": "the operations that tools are derived from",
      "src/fleet": "what a tool acts on",
      "src/errors.ts": ERRORS,
      "src/version.ts": "what the server calls itself",
    },
    packages: {
      "zod": SCHEMAS,
      "@modelcontextprotocol/server": "the protocol of the assistants",
      "@modelcontextprotocol/server/stdio": "the same, on stdin and stdout",
      "node:process": "tells that stdin has ended",
    },
  },
  // Layer 6 and the roots.
  "src/cli": {
    uses: {
      "src/config": "settings",
      "src/crypto": "makes tokens and room ids",
      "src/host": "the platform's folders, and what processes and the console left there",
      "src/protocol": "explains wrong arguments",
      "src/safety": "the ladder of modes, and the policy that is explained",
      "src/executors": "asks the policy as a call would",
      "src/audit": "shows and checks the audit log",
      "src/fleet": "what a list of agents holds",
      "src/mcp": "the tools, for call and mcp",
      "src/node.ts": "starts a node",
      "src/log.ts": "sets the log up",
      "src/errors.ts": ERRORS,
      "src/version.ts": "what --version prints",
    },
    packages: { "@commander-js/extra-typings": "the command line" },
  },
  "src/node.ts": {
    uses: {
      "src/config": "what a node is made from",
      "src/crypto": "identity and room secret",
      "src/errors.ts": ERRORS,
      "src/executors": "what a call carries",
      "src/fleet": "built here",
      "src/host": "the machine, the host key and the fast suite",
      "src/local_host.ts": "this machine",
      "src/problems.ts": "the latest errors, for status",
      "src/log.ts": "reports what the peer tells",
      "src/peer": "built here",
      "src/protocol": "roles",
      "src/transport": "the link that the peer dials with",
      "src/version.ts": "what the card says",
    },
    packages: { "node:os": "the host's name" },
  },
  "src/local_host.ts": {
    uses: {
      "src/config": "what a machine is opened from",
      "src/executors": "built here",
      "src/jobs": "opened here",
      "src/backups": "opened here",
      "src/parts": "opened here",
      "src/audit": "opened here",
      "src/host": "the sandbox, the stored modes and the paths",
      "src/safety": "the default rules about paths",
      "src/errors.ts": ERRORS,
      "src/log.ts": "reports what goes wrong",
      "src/problems.ts": "the same, for status",
    },
    packages: { "node:path": "paths of this platform" },
  },
  "src/main.ts": { uses: { "src/cli": "the command line", "src/config": "keeps secrets out of errors" } },
  // The relay sees the wire and nothing else of the node.
  "relay": {
    uses: {
      "relay/core": "the rule of a room",
      "src/protocol": WIRE,
      "src/version.ts": "what --version prints",
    },
    packages: {
      "@commander-js/extra-typings": "the command line",
      "@logtape/logtape": "the log",
      "node:timers": "timers that can be unreferenced",
    },
  },
  "relay/core": { isPure: true, uses: { "src/protocol": WIRE } },
  // Named by src/version.ts.
  "deno.json": { uses: {} },
};

/** Pure although its folder is not. */
const PURE_FILES = ["src/config/merge.ts"];

const MAX_LINES = 400;
const LONG_FILES: Readonly<Record<string, string>> = {};

/** Source files of layers 0 to 4 that have no test of their own. */
const UNTESTED: Readonly<Record<string, string>> = {
  "src/protocol/limits.ts": "constants, pinned by contract/docs_test.ts",
  "src/protocol/mode.ts": "one schema of four words",
  "src/protocol/version.ts": "two constants",
  "src/protocol/define_operation.ts": "types, and a function that returns its argument",
  "src/executors/executor.ts": "types only",
  "src/fleet/run.ts": "types only",
  "src/fleet/mapreduce/ports.ts": "types only",
  "src/executors/table.ts": "one line an operation, each of which mod_test.ts carries out",
  "src/host/sandbox/sandbox.ts": "types only",
  "src/protocol/operations/set_mode.ts": "one schema, which set_mode_test.ts of the executors goes through",
  "src/transport/link.ts": "types, one constant and an error class without behaviour",
  "relay/core/address_key.ts": "two one-line functions that every test of room.ts goes through",
  "relay/core/member.ts": "the indexes of room.ts, whose tests go through each function",
  "relay/core/effect.ts":
    "types, and a function that looks a code up; every refusal in join_test.ts and room_test.ts goes through it",
};

/** Writing to stdout is reserved: on `mcp` it carries JSON-RPC and nothing else. */
const STDOUT_WRITERS = {
  "src/cli/output.ts": "the one place that prints",
  "relay/main.ts": "help and version of the relay",
};
const EXITS = { "src/main.ts": "the end of the program", "relay/main.ts": "the end of the relay" };

const SOURCES = await projectFiles(["src", "relay"], /\.ts$/);
const TESTED_LAYERS =
  /^(src\/(protocol|crypto|safety|config|host|transport|peer|jobs|backups|audit|executors|fleet)|relay\/core)\//;

/** Each problem on its own line, so that a failure reads as a list. */
function assertNone(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join("\n")}\n`);
}

Deno.test("source files import only what the table of folders allows", () => {
  assert.ok(SOURCES.length > 50);
  assertNone(SOURCES.flatMap((file) => importProblems(file, UNITS)));
});

Deno.test("every row of the table of folders is used", () => {
  const paths = [...SOURCES.map(({ path }) => path), "deno.json"];
  const isThere = (unit: string) => paths.some((path) => path === unit || path.startsWith(`${unit}/`));
  assert.deepEqual(Object.keys(UNITS).filter((unit) => !isThere(unit)), []);
  assertNone(unusedProblems(SOURCES, UNITS));
});

Deno.test("pure folders use no clock, no network and nothing of the system", () => {
  const folders = Object.keys(UNITS).filter((unit) => UNITS[unit]?.isPure);
  const pure = SOURCES.filter(({ path }) =>
    PURE_FILES.includes(path) || folders.some((folder) => path.startsWith(`${folder}/`))
  );
  assert.ok(pure.length > 20);
  assertNone(pure.flatMap(purityProblems));
});

Deno.test("the relay cannot reach the cryptography of the peers, by no chain of imports", () => {
  assertNone(reachProblems(SOURCES, { from: /^relay\//, to: /^src\/crypto\// }));
});

Deno.test("only the output module prints, and nobody uses console", () => {
  assertNone(
    SOURCES.flatMap((file) =>
      namedUseProblems(file, { pattern: /(?<![.\w])console\s*\??\.|(?<![.\w])console\[/, allowed: {} })
    ),
  );
  const stdout = { pattern: /\bDeno\.stdout\b|\bprocess\.stdout\b/, allowed: STDOUT_WRITERS };
  assertNone(SOURCES.flatMap((file) => namedUseProblems(file, stdout)));
});

Deno.test("only the two programs end their process", () => {
  assertNone(
    SOURCES.flatMap((file) => namedUseProblems(file, { pattern: /\bDeno\.exit\b/, allowed: EXITS })),
  );
});

Deno.test(`no source file is over ${MAX_LINES} lines`, () => {
  assertNone(
    SOURCES.flatMap((file) => lengthProblems(file, { maxLines: MAX_LINES, exceptions: LONG_FILES })),
  );
});

Deno.test("every source file of layers 0 to 4 has its test", async () => {
  const tests = new Set((await projectFiles(["tests"], /_test\.ts$/)).map(({ path }) => path));
  const layered = SOURCES.map(({ path }) => path).filter((path) => TESTED_LAYERS.test(path));
  assert.ok(layered.length > 50);
  assertNone(
    layered.filter((path) => UNTESTED[path] === undefined && !tests.has(testPathOf(path)))
      .map((path) => `${path} has no ${testPathOf(path)}`),
  );
});

Deno.test("every exception of the tables is still needed", async () => {
  const byPath = new Map(SOURCES.map((file) => [file.path, file]));
  const tests = new Set((await projectFiles(["tests"], /_test\.ts$/)).map(({ path }) => path));
  for (const path of [...Object.keys(UNTESTED), ...PURE_FILES, ...Object.keys(LONG_FILES)]) {
    assert.ok(byPath.has(path), `${path} is gone`);
  }
  for (const path of Object.keys(UNTESTED)) {
    assert.ok(!tests.has(testPathOf(path)), `${path} has a test: take it out of UNTESTED`);
  }
});

Deno.test("no file has notes of unfinished work or paths of one machine", async () => {
  const others = await projectFiles(["tests", "docs", ".ci", ".github"], /\.(ts|md|json|yml)$|\/run$/);
  // The rules themselves and their samples name what they forbid.
  const exempt = ["tests/helpers/architecture.ts", "tests/architecture_checks_test.ts"];
  const files = [...SOURCES, ...others.filter(({ path }) => !exempt.includes(path))];
  assertNone(files.flatMap(textProblems));
});

Deno.test("deno.json pins exact versions, also where a test has a configuration of its own", async () => {
  const { imports } = JSON.parse(await readProjectText("deno.json"));
  assertNone(pinProblems(imports));
  const pure: Record<string, string> = JSON.parse(await readProjectText("tests/pure.deno.json")).imports;
  for (const [name, target] of Object.entries(pure)) assert.equal(target, imports[name]);
});
