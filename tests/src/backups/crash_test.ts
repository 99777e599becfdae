/**
 * Processes are killed while they write, edit, remove and restore the same files with the same store. What is left is judged by
 * hashes that this test makes itself, and by its own reading of the folders and of the database.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { openBackups } from "../../../src/backups/store.ts";
import { note } from "../../helpers/eventually.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { CRASH_LIMITS, crashContent, VERSIONS } from "./_crash_contents.ts";

const CHILD = fileURLToPath(new URL("_crash_child.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
const ROUNDS = 15;
const CHILDREN = 4;

const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const KNOWN = new Set(
  Array.from({ length: VERSIONS }, (_, at) => [crashContent("written", at), crashContent("edited", at)])
    .flat().map(sha256),
);

/** Starts a child, and kills it after so many of its operations and a moment more. */
async function runAndKill(args: readonly string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--frozen", "--config", CONFIG, CHILD, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  const operations = 1 + Math.floor(Math.random() * 12);
  let seen = 0;
  for await (const chunk of child.stdout) {
    const wasBelow = seen < operations;
    seen += chunk.length;
    if (!wasBelow || seen < operations) continue;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 12));
    child.kill("SIGKILL");
  }
  const { signal } = await child.status;
  assert.equal(signal, "SIGKILL", await stderr);
  await stderr;
  return seen;
}

/** Looks at everything that the processes left. */
async function judge(
  { files, state, shared }: {
    readonly files: string;
    readonly state: string;
    /** Names of files that there were from the beginning. */
    readonly shared: readonly string[];
  },
): Promise<number> {
  const drafts: string[] = [];
  const present = new Set<string>();
  for await (const { name } of Deno.readDir(files)) {
    present.add(name);
    if (name.endsWith(".draft")) {
      drafts.push(`${files}/${name}`);
    } else {
      const hash = sha256(await Deno.readFile(`${files}/${name}`));
      assert.ok(KNOWN.has(hash), `"${name}" is neither an old nor a new content`);
    }
  }
  const database = new DatabaseSync(`${state}/backups.db`, { readOnly: true });
  try {
    for (const row of database.prepare("SELECT DISTINCT sha256 FROM backups").all()) {
      const hash = String(row["sha256"]);
      assert.ok(KNOWN.has(hash), "a backup is of no content that there ever was");
      const object = await Deno.readFile(`${state}/backups/objects/${hash.slice(0, 2)}/${hash.slice(2)}`);
      assert.equal(sha256(object), hash, "a backup's content is not what the index says");
    }
    const backedUp = new Set(
      database.prepare("SELECT path FROM backups").all().map(({ path }) => String(path)),
    );
    for (const name of shared.filter((name) => !present.has(name))) {
      assert.ok(backedUp.has(`${files}/${name}`), `"${name}" was removed, and there is no backup of it`);
    }
    const logged = new Set(database.prepare("SELECT path FROM drafts").all().map(({ path }) => String(path)));
    for (const draft of drafts) assert.ok(logged.has(draft), "a draft is left that nobody will remove");
  } finally {
    database.close();
  }
  return drafts.length;
}

Deno.test({
  name: "processes killed at any point leave old or new files, whole backups, and no draft for ever",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const root = await Deno.realPath(temporary.folder);
    const [files, state] = [`${root}/files`, `${root}/state`];
    await Promise.all([files, state].map((path) => Deno.mkdir(path)));
    const shared = ["shared", "shared too"];
    for (const name of shared) await Deno.writeTextFile(`${files}/${name}`, crashContent("written", 0));
    let [operations, drafts] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const seen = await Promise.all(
        Array.from({ length: CHILDREN }, (_, at) => runAndKill([files, state, `own ${at}`, ...shared])),
      );
      operations += seen.reduce((sum, count) => sum + count, 0);
      drafts = await judge({ files, state, shared });
    }
    openBackups(state, { limits: CRASH_LIMITS, now: () => Date.now() + 48 * 3_600_000 })[Symbol.dispose]();
    assert.equal(await judge({ files, state, shared }), 0, "drafts of long ago are removed");
    const names = await Array.fromAsync(Deno.readDir(`${state}/backups/objects/drafts`));
    assert.deepEqual(names, []);
    note(`${ROUNDS * CHILDREN} kills, ${operations} operations, ${drafts} drafts were left and removed`);
  },
});
