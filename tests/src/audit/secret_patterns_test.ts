import assert from "node:assert/strict";
import fc from "fast-check";
import { isSecretName, isSecretOption, redactPatterns } from "../../../src/audit/secret_patterns.ts";
import { anyText } from "../../helpers/any_text.ts";

/** Put together here, so that no scanner takes this file for a leak. */
const long = (prefix: string, length = 36) => prefix + "Ab1".repeat(length).slice(0, length);
const S = "s3cr3t-Value!";

/** Where `<>` is, the secret stands. */
const secrets: readonly (readonly [text: string, secret: string])[] = [
  ["deploy --password=<>", S],
  ["deploy --password <> now", S],
  ['deploy --db-password "<>"', S],
  ["deploy --api-key='a <> b'", S],
  ["x -pass <>", S],
  ["openssl enc -k pass:<>", S],
  ["DB_PASSWORD=<> ./run", S],
  ["export AWS_SECRET_ACCESS_KEY=<>", S],
  ["curl https://example.com/?access_token=<>&x=1", S],
  ['curl -H "Authorization: Bearer <>" https://example.com', S],
  ["curl -H 'authorization: Basic <>' https://example.com", S],
  ['curl -H "X-Api-Key: <>"', S],
  ['curl -H "Cookie: session=<>; b=<>"', S],
  ["curl -u admin:<> https://example.com", S],
  ["git clone https://ada:<>@example.com/a.git", S],
  ["psql postgres://ada:<>@db/x", S],
  ["mysql -u root -p<> db", S],
  ["sshpass -p <> ssh host", S],
  ["redis-cli -a <> ping", S],
  [`echo '{"token": "<>", "user": "ada"}'`, S],
  ["password: <>", S],
  ["echo <>", long("ghp_")],
  ["echo <>", long("github_pat_")],
  ["echo <>", long("glpat-", 20)],
  ["echo <>", `AKIA${"A1B2".repeat(4)}`],
  ["echo <>", long("xoxb-", 24)],
  ["echo <>", long("sk-ant-", 40)],
  ["echo <>", long("sk_live_", 24)],
  ["echo <>", long("AIza", 35)],
  ["echo <>", long("npm_")],
  ["echo <>", `ra1_${"abcd".repeat(14)}`],
  ["echo <>", `${long("eyJ", 20)}.${long("eyJ", 30)}.${long("", 40)}`],
  ["printf '<>' > key", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\ndef\n-----END OPENSSH PRIVATE KEY-----"],
];
for (const [text, secret] of secrets) {
  Deno.test(`redactPatterns() takes ${secret.slice(0, 7).trim()}... out of ${JSON.stringify(text)}`, () => {
    const clean = redactPatterns(text.replaceAll("<>", secret));
    assert.ok(!clean.includes(secret), clean);
    assert.ok(clean.includes("[redacted]"));
  });
}

const harmless = [
  "git status && ls -la | head",
  "grep -rn token src",
  "deploy --token-file /etc/token --passive",
  "git log --author=ada --since=2026-01-01",
  "docker run -p 8080:80 --name web nginx",
  "curl https://example.com:8080/path?page=2",
  "find . -name '*.key' -newer a",
  "echo key: value; cd /home/ada/.secrets",
  "sha256sum 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  "tar -C /tmp -xf a.tar.gz --strip-components=1",
];
for (const text of harmless) {
  Deno.test(`redactPatterns() leaves ${JSON.stringify(text)} alone`, () => {
    assert.equal(redactPatterns(text), text);
  });
}

Deno.test("redactPatterns() takes any text, and nothing more out of what it has cleaned", () => {
  const word = fc.constantFrom(
    "--password",
    "=",
    " ",
    "token",
    "'",
    '"',
    ":",
    "://",
    "@",
    "curl -u ",
    "a",
    "\n",
  );
  const text = fc.oneof(anyText(), fc.array(word, { maxLength: 20 }).map((words) => words.join("")));
  fc.assert(fc.property(text, (some) => void redactPatterns(redactPatterns(some))));
});

Deno.test("redactPatterns() is done in time with texts that are made to keep it busy", () => {
  for (
    const unit of [
      "mysql ",
      "curl -u ",
      "-pass",
      "token=",
      "eyJaaaaaaaa.",
      "-----BEGIN PRIVATE KEY-----",
      "a://",
    ]
  ) {
    const started = performance.now();
    redactPatterns(unit.repeat(Math.ceil(16_384 / unit.length)));
    assert.ok(performance.now() - started < 2_000, unit);
  }
});

Deno.test("isSecretOption() and isSecretName() know options and names by their last or any word", () => {
  for (const word of ["--password", "--db-password", "-pass", "--api-key", "--TOKEN"]) {
    assert.ok(isSecretOption(word));
  }
  for (const word of ["password", "--token-file", "--passive", "-p"]) assert.ok(!isSecretOption(word));
  for (const name of ["token", "apiKey", "github_token", "Authorization"]) assert.ok(isSecretName(name));
  for (const name of ["path", "key", "pass", "x".repeat(1000)]) assert.ok(!isSecretName(name));
});
