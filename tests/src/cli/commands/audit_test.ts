import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { auditFolder } from "../../../../src/audit/files.ts";
import { openAudit } from "../../../../src/audit/log.ts";
import { type AuditCommandOptions, parseSince } from "../../../../src/cli/commands/audit.ts";
import { hostIdentity } from "../../../../src/crypto/identity.ts";
import { ConfigError } from "../../../../src/errors.ts";
import { loadHostSeed } from "../../../../src/host/host_key.ts";
import { hybridSuite } from "../../../../src/host/hybrid_suite.ts";
import { programEnvironment } from "../../../helpers/processes.ts";
import { type TemporaryFolder, temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { OK, request } from "../../audit/_audits.ts";

const MAIN = fileURLToPath(new URL("./_audit_main.ts", import.meta.url));

/** A state folder with a host key and a log of so many records. */
async function hostWithLog(count: number): Promise<TemporaryFolder> {
  const temporary = await temporaryFolder();
  const { folder } = temporary;
  const seed = await loadHostSeed(folder, () => hybridSuite.randomBytes(32));
  const { agentId } = await hostIdentity(hybridSuite, seed);
  await using audit = openAudit({ folder: auditFolder(folder), agentId, redact: (text) => text });
  for (let i = 0; i < count; i++) await audit.call(request(`echo ${i} \u001b[31m`), OK);
  return temporary;
}

function spawn(folder: string, options: Partial<AuditCommandOptions>): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--frozen", "-A", MAIN, folder, JSON.stringify(options)],
    clearEnv: true,
    env: programEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(folder: string, options: Partial<AuditCommandOptions> = {}) {
  const { code, stdout, stderr } = await spawn(folder, options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("audit shows the last records as text and as JSON, without control characters", async () => {
  await using host = await hostWithLog(4);
  const table = await run(host.folder, { limit: "2" });
  assert.equal(table.code, 0);
  const lines = table.stdout.trimEnd().split("\n");
  assert.equal(lines.length, 2);
  assert.match(
    lines[1] ?? "",
    /^20\S+Z {2}laptop \(qrstuvwx\) {2}exec {2}echo 3 \\u\{1b\}\[31m {2}edit allow \(mode-edit\) {2}ok, exit 0/,
  );
  assert.match(table.stderr, /the last 2 records that fit; --limit shows more/);
  const json = await run(host.folder, { json: true, agent: "qrst", operation: "exec", since: "1h" });
  const records = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(records.map(({ seq }) => seq), [1, 2, 3, 4]);
  assert.equal(records[3].args.command, "echo 3 \u001b[31m");
  assert.equal(json.stderr, "");
  const none = await run(host.folder, { operation: "other" });
  assert.deepEqual([none.code, none.stdout, none.stderr], [0, "", "No record fits\n"]);
});

Deno.test("audit verify tells an intact log from one that was changed, by text, JSON and exit code", async () => {
  await using host = await hostWithLog(3);
  const intact = await run(host.folder, { action: "verify" });
  assert.equal(intact.code, 0, intact.stderr);
  assert.match(intact.stdout, /^3 records, intact\nLast record 3, hash [0-9a-f]{64}\n$/);
  const path = join(auditFolder(host.folder), "audit.jsonl");
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("echo 1", "echo 7"));
  const edited = await run(host.folder, { action: "verify" });
  assert.equal(edited.code, 1);
  assert.match(
    edited.stdout,
    /^audit\.jsonl:2 record 2: edited: its hash does not fit what it says\n2 records, NOT intact\n/,
  );
  const json = await run(host.folder, { action: "verify", json: true });
  assert.equal(json.code, 1);
  const report = JSON.parse(json.stdout);
  assert.deepEqual([report.isIntact, report.problems[0].kind, report.problems[0].line], [false, "edited", 2]);
});

Deno.test("audit of a host that has no log says so, and makes nothing", async () => {
  await using temporary = await temporaryFolder();
  const shown = await run(temporary.folder);
  assert.deepEqual([shown.code, shown.stderr], [0, "The audit log is empty\n"]);
  const verified = await run(temporary.folder, { action: "verify" });
  assert.equal(verified.code, 0);
  assert.match(verified.stdout, /no host key here.*\n0 records, intact\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary.folder)), []);
});

Deno.test("audit --follow shows what comes until it is interrupted", async () => {
  await using host = await hostWithLog(1);
  const child = spawn(host.folder, { follow: true, json: true });
  const errors = new Response(child.stderr).text();
  let text = "";
  let isWritten = false;
  let isStopped = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const count = text.split("\n").length - 1;
    if (count >= 1 && !isWritten) {
      isWritten = true;
      await using audit = openAudit({
        folder: auditFolder(host.folder),
        agentId: "any",
        redact: (some) => some,
      });
      await audit.call(request("new"), OK);
    }
    if (count < 2 || isStopped) continue;
    // A second signal would end it at once.
    isStopped = true;
    child.kill(Deno.build.os === "windows" ? "SIGTERM" : "SIGINT");
  }
  const { code } = await child.status;
  assert.equal(await errors, "");
  assert.equal(code, 0);
  const records = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(records.map(({ seq, args }) => [seq, args.command]), [[1, "echo 0 \u001b[31m"], [
    2,
    "new",
  ]]);
});

const NOW = Date.parse("2026-01-31T12:00:00Z");
const sinces: readonly (readonly [string, number])[] = [
  ["90s", NOW - 90_000],
  ["30m", NOW - 1_800_000],
  ["2h", NOW - 7_200_000],
  ["7d", NOW - 604_800_000],
  ["2026-01-30T00:00:00Z", NOW - 36 * 3_600_000],
];
for (const [text, expected] of sinces) {
  Deno.test(`parseSince() reads "${text}"`, () => assert.equal(parseSince(text, NOW), expected));
}
for (const text of ["", "yesterday", "5", "-5m", "5w", "2026", "2026-13-41"]) {
  Deno.test(`parseSince() refuses "${text}"`, () => assert.throws(() => parseSince(text, NOW), ConfigError));
}

Deno.test("audit refuses another word, and a limit that is none", async () => {
  await using temporary = await temporaryFolder();
  for (const options of [{ action: "verfiy" }, { limit: "0" }, { limit: "x" }, { since: "soon" }]) {
    const { code, stderr } = await run(temporary.folder, options);
    assert.equal(code, 2);
    assert.match(stderr, /^Cannot /);
  }
});
