import assert from "node:assert/strict";
import { FOLD_TEXTS, isCutHost, textOfHost } from "../../../../src/mcp/texts/fold_texts.ts";
import type { Output } from "../../../../src/protocol/operations/exec.ts";
import { type OperationName, TOOL_OPERATIONS } from "../../../../src/protocol/operation.ts";
import { hostOutcome } from "../../../helpers/run_record.ts";
import { execResult, infoResult, NO_OUTPUT } from "../../../helpers/sample_results.ts";

const output = (text: string, more: Partial<Output> = {}): Output => ({
  ...NO_OUTPUT,
  head: text,
  bytes: text.length,
  ...more,
});
const written = {
  path: "/etc/motd",
  created: false,
  changed: true,
  bytes: 5,
  sha256: "5a".repeat(32),
  previousSha256: null,
  backupId: 7,
};
const nothingLeftOut = { count: 0, first: [] };
const search = {
  path: "/srv",
  engine: "ripgrep",
  files: [{ path: "a.txt", kind: "file", count: 1, lines: [{ line: 3, text: "hit", column: 1 }] }],
  totals: { found: 1, lines: 1, shown: 1, searched: 40, examined: 50 },
  leftOut: {
    hidden: 2,
    ignored: 3,
    symlinks: 4,
    special: 5,
    denied: nothingLeftOut,
    unreadable: { count: 1, first: ["b"] },
    tooLarge: nothingLeftOut,
    binary: nothingLeftOut,
    ignoreFiles: nothingLeftOut,
  },
  truncated: [],
};
const file = {
  kind: "text",
  path: "/etc/hostname",
  size: 4,
  modified: null,
  text: "web\n",
  startLine: 1,
  lines: 1,
};

const said: readonly (readonly [OperationName, unknown, string])[] = [
  ["exec", execResult(), ""],
  ["exec", execResult({ stdout: output("a\r\nb\n") }), "a\nb"],
  ["exec", execResult({ stderr: output("no\n") }), "[stderr]\nno"],
  ["exec", execResult({ stdout: output("a\n"), stderr: output("b") }), "a\n[stderr]\nb"],
  [
    "exec",
    execResult({ stdout: output("begin", { tail: "end", bytes: 100_000, truncated: true }) }),
    "[100000 bytes in all, of which the beginning and the end are here]\nbegin\n[the middle was not sent]\nend",
  ],
  [
    "exec",
    execResult({ isolation: "isolated", stdout: output("a") }),
    "[isolated: without network, and nothing that it changed remains]\na",
  ],
  ["write_file", written, `changed: /etc/motd, 5 bytes, sha256 ${written.sha256}`],
  ["write_file", { ...written, created: true }, `created: /etc/motd, 5 bytes, sha256 ${written.sha256}`],
  ["write_file", { ...written, changed: false }, `unchanged: /etc/motd, 5 bytes, sha256 ${written.sha256}`],
  [
    "backup_restore",
    { ...written, diff: "", diffNote: null, dryRun: true, restoredId: 3 },
    `would be changed: /etc/motd, 5 bytes, sha256 ${written.sha256}`,
  ],
  [
    "remove_file",
    { path: "/a\nb", removed: true, bytes: 5, previousSha256: "x", backupId: 9, linkTarget: null },
    "removed /a\\u{a}b: 5 bytes, sha256 x",
  ],
  [
    "remove_file",
    { path: "/a", removed: true, bytes: 0, previousSha256: null, backupId: null, linkTarget: "b" },
    "removed /a: a link to b",
  ],
  [
    "remove_file",
    { path: "/a", removed: false, bytes: 0, previousSha256: null, backupId: null, linkTarget: null },
    "nothing to remove at /a",
  ],
  [
    "read_file",
    { ...file, encoding: "utf-8", lineEndings: "lf", notes: [] },
    '"/etc/hostname" on this host: lines 1 to 1, 4 bytes, utf-8\n---\nweb\n---',
  ],
  ["file_search", search, "found: 1, matching lines: 1\n--- a.txt (1)\n3: hit\nLeft out: 1 unreadable (b)"],
  ["file_search", {
    ...search,
    files: [],
    totals: { ...search.totals, found: 0, lines: 0 },
    leftOut: { ...search.leftOut, unreadable: nothingLeftOut },
  }, "nothing found"],
];
for (const [op, result, text] of said) {
  Deno.test(`textOfHost() says of ${op} ${JSON.stringify(text.slice(0, 50))}`, () => {
    assert.equal(textOfHost(op)(hostOutcome("web", { result })), text);
  });
}

Deno.test("textOfHost() says the same of hosts that are alike but for name, load, times and jobs", () => {
  const text = textOfHost("get_info");
  const one = text(hostOutcome("a", { result: infoResult({ name: "a", hostname: "a", uptimeSeconds: 1 }) }));
  const other = text(
    hostOutcome("b", { result: infoResult({ name: "b", pid: 2, load: [1, 2, 3], jobs: 4, id: "b" }) }),
  );
  assert.equal(one, other);
  assert.match(one, /^mode: edit/m);
  assert.notEqual(text(hostOutcome("c", { result: infoResult({ mode: "plan" }) })), one);
  const exec = textOfHost("exec");
  const [slow, fast] = [900, 5].map((durationMs) => execResult({ durationMs, job: `j_${"b".repeat(20)}` }));
  assert.equal(exec(hostOutcome("a", { result: slow })), exec(hostOutcome("b", { result: fast })));
});

Deno.test("textOfHost() says the same of a file that lies in homes of different names", () => {
  const text = textOfHost("write_file", { path: "motd", content: "x" });
  const [one, other] = ["/home/bob/motd", "/home/ann/motd"].map((path) =>
    text(hostOutcome("a", { result: { ...written, path } }))
  );
  assert.equal(one, other);
  assert.match(one ?? "", /^changed: ~\/motd, 5 bytes/);
});

Deno.test("textOfHost() is empty without a result, and shows one of another shape as JSON", () => {
  assert.equal(textOfHost("exec")(hostOutcome("a")), "");
  assert.equal(textOfHost("exec")(hostOutcome("a", { result: { odd: 1 } })), '{"odd":1}');
});

Deno.test("FOLD_TEXTS has only operations that are tools", () => {
  assert.deepEqual(Object.keys(FOLD_TEXTS).filter((op) => !Object.hasOwn(TOOL_OPERATIONS, op)), []);
});

Deno.test("isCutHost() tells whether a host has more output than it sent", () => {
  const cut = execResult({ stderr: output("x", { truncated: true }) });
  assert.equal(isCutHost(hostOutcome("a", { result: cut })), true);
  assert.equal(isCutHost(hostOutcome("a", { result: execResult() })), false);
  assert.equal(isCutHost(hostOutcome("a", { result: written })), false);
  assert.equal(isCutHost(hostOutcome("a")), false);
});
