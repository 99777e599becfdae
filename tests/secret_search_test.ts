import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { searchSecrets, secretForms } from "./helpers/secret_search.ts";
import { temporaryFolder } from "./helpers/temporary_folder.ts";

const SECRET = 'hunter2 "\u00e4?>~ word';
const secrets = { password: SECRET };
const bytesOf = (text: string) => new TextEncoder().encode(text);
const percent = (bytes: Uint8Array) => bytes.toHex().replaceAll(/../g, "%$&");

/** Each form as somebody else makes it, with other bytes around it. */
const forms: readonly (readonly [form: string, content: string | Uint8Array])[] = [
  ["plain", `a${SECRET}b`],
  ["JSON", JSON.stringify({ text: `a${SECRET}b` })],
  ["JSON in JSON", JSON.stringify(JSON.stringify([SECRET]))],
  [
    "JSON, every character escaped",
    `"${[...SECRET].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`,
  ],
  ["URL", `?x=${encodeURIComponent(SECRET)}&`],
  ["URL, lower case", `?x=${encodeURIComponent(SECRET).replaceAll(/%../g, (found) => found.toLowerCase())}`],
  [
    "URL form",
    new URLSearchParams({ x: "a" }).toString() + `&y=${encodeURIComponent(SECRET).replaceAll("%20", "+")}`,
  ],
  ["URL, every byte escaped", percent(bytesOf(SECRET))],
  ["URL, every byte escaped in upper case", percent(bytesOf(SECRET)).toUpperCase()],
  ["hex", bytesOf(`a${SECRET}b`).toHex()],
  ["hex, upper case", bytesOf(`a${SECRET}b`).toHex().toUpperCase()],
  ["UTF-16LE", new Uint8Array(new Uint16Array([...`ab${SECRET}`].map((c) => c.charCodeAt(0))).buffer)],
  ["UTF-16BE", new Uint8Array([...SECRET].flatMap((c) => [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255]))],
  ["Latin-1", new Uint8Array([...`a${SECRET}`].map((c) => c.charCodeAt(0)))],
  ["base64, 0 bytes before it", btoa(String.fromCharCode(...bytesOf(`abc${SECRET}de`)))],
  ["base64, 1 bytes before it", btoa(String.fromCharCode(...bytesOf(`a${SECRET}de`)))],
  ["base64, 2 bytes before it", btoa(String.fromCharCode(...bytesOf(`ab${SECRET}de`)))],
  ["base64url, 0 bytes before it", bytesOf(`abc${SECRET}`).toBase64({ alphabet: "base64url" })],
  ["base64url, 1 bytes before it", bytesOf(`a${SECRET}`).toBase64({ alphabet: "base64url" })],
  ["base64url, 2 bytes before it", bytesOf(`ab${SECRET}`).toBase64({ alphabet: "base64url" })],
];
for (const [form, content] of forms) {
  Deno.test(`searchSecrets() finds a secret in the form ${form}, in a file and in a text`, async () => {
    await using temporary = await temporaryFolder();
    const path = join(temporary.folder, "a", "b");
    await Deno.mkdir(join(temporary.folder, "a"));
    await Deno.writeFile(path, typeof content === "string" ? bytesOf(content) : content);
    const { findings, files } = await searchSecrets({
      secrets,
      folders: [temporary.folder],
      texts: { stderr: content },
    });
    assert.equal(files, 1);
    // With nothing to escape in that place, two forms look the same and the first of them is named.
    const found = findings.filter((finding) =>
      finding.form.split(",")[0] === form.replace("url", "").split(",")[0] || finding.form === form
    );
    assert.deepEqual(new Set(found.map(({ where }) => where)), new Set([path, "stderr"]));
  });
}

Deno.test("secretForms() has each form that is tested, and no other", () => {
  const tested = forms.map(([form]) => form);
  const same = tested.filter((form) => !secretForms(SECRET).has(form));
  assert.deepEqual([...secretForms(SECRET).keys()].filter((form) => !tested.includes(form)), []);
  assert.ok(same.every((form) => form.startsWith("base64url")), same.join());
});

Deno.test("searchSecrets() finds nothing where nothing is, and says how much it saw", async () => {
  await using temporary = await temporaryFolder();
  await Deno.writeTextFile(join(temporary.folder, "a"), SECRET.slice(0, -1));
  const report = await searchSecrets({ secrets, folders: [temporary.folder], texts: { stdout: "x" } });
  assert.deepEqual([report.findings, report.files, report.unread], [[], 1, []]);
  assert.ok(report.bytes > SECRET.length);
});

Deno.test("searchSecrets() finds secrets in names, links, at the borders of what it reads, and beside FIFOs", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const secret = "correct-horse-battery";
  await Deno.writeTextFile(join(folder, `x-${secret}`), "");
  await Deno.symlink(`nowhere/${secret}`, join(folder, "link"));
  await Deno.writeTextFile(
    join(folder, "large"),
    "x".repeat(4 * 1024 * 1024 - 10) + secret + "y".repeat(100),
  );
  if (Deno.build.os !== "windows") {
    await new Deno.Command("mkfifo", { args: [join(folder, "fifo")] }).output();
  }
  const { findings, unread } = await searchSecrets({ secrets: { secret }, folders: [folder] });
  const places = findings.map(({ where }) => where.replace(folder, "").replaceAll("\\", "/")).sort();
  assert.deepEqual(places, ["/large", "link /link", `name of /x-${secret}`]);
  assert.deepEqual(unread, []);
});

Deno.test("searchSecrets() finds secrets in databases, in their write-ahead logs, and spread over pages", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const database = new DatabaseSync(join(folder, "a.db"));
  try {
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE things (value ANY)",
    );
    const insert = database.prepare("INSERT INTO things VALUES (?)");
    insert.run("in-the-write-ahead-log");
    // Pages have 4096 bytes: in one of these places the secret stands over the border of two.
    const long = "spread-over-pages-".repeat(400);
    insert.run(long);
    const report = await searchSecrets({
      secrets: { logged: "in-the-write-ahead-log", spread: long },
      folders: [folder],
    });
    const places = report.findings.map(({ secret, where }) => `${secret} ${where.replace(folder, "")}`)
      .sort();
    assert.ok(places.includes("logged /a.db-wal"), places.join());
    assert.ok(places.some((place) => place.startsWith("spread table things of ")), places.join());
    assert.deepEqual(report.unread, []);
  } finally {
    database.close();
  }
});

Deno.test({
  name: "searchSecrets() finds secrets in the arguments and the environment of a process",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const child = new Deno.Command("sh", {
      args: ["-c", "echo ready; read line", "argument-of-it"],
      env: { SOME_NAME: "value-in-environment" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const { findings, unread } = await searchSecrets({
      secrets: { argument: "argument-of-it", value: "value-in-environment" },
      pids: [child.pid],
    });
    assert.deepEqual(findings.map(({ secret, where }) => `${secret} ${where.split(" ")[0]}`), [
      "argument cmdline",
      "value environ",
    ]);
    assert.deepEqual(unread, []);
    await child.stdin.close();
    await reader.cancel();
    await child.status;
    const gone = await searchSecrets({ secrets: { a: "argument-of-it" }, pids: [child.pid] });
    assert.equal(gone.unread.length, 2);
  },
});

Deno.test("searchSecrets() refuses a secret that would be found anywhere", async () => {
  await assert.rejects(searchSecrets({ secrets: { short: "abc" } }), RangeError);
});
