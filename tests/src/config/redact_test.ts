import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describeSecret, redactSecrets, Secrets } from "../../../src/config/redact.ts";

const GENERATED = `ra1_${"a2".repeat(27)}a`;

Deno.test("describeSecret() shows kind and length alone", () => {
  assert.equal(describeSecret(GENERATED), "ra1_…(59 characters)");
  assert.equal(describeSecret("hunter2hunter"), "set (13 characters)");
  assert.equal(describeSecret("ra1_Not generated"), "set (17 characters)");
});

const cases: readonly (readonly [string, string, readonly string[], string])[] = [
  ["a secret", "token hunter2!! refused", ["hunter2!!"], "token [redacted] refused"],
  ["every occurrence", "hunter2!! hunter2!!", ["hunter2!!"], "[redacted] [redacted]"],
  ["the longer of two that overlap", "abcdefghijkl", ["abcdefgh", "abcdefghijkl"], "[redacted]"],
  ["a secret inside JSON", JSON.stringify({ t: 'say "hi"\n' }), ['say "hi"\n'], '{"t":"[redacted]"}'],
  ["a secret inside a URL", "?t=my%20pass%26word", ["my pass&word"], "?t=[redacted]"],
  ["a generated token that nobody registered", `x ${GENERATED}.`, [], "x [redacted]."],
  ["patterns literally", "a.c*d+e$ abcd", ["a.c*d+e$"], "[redacted] abcd"],
  ["nothing for an empty secret", "text", [""], "text"],
];
for (const [what, text, secrets, expected] of cases) {
  Deno.test(`redactSecrets() replaces ${what}`, () => assert.equal(redactSecrets(text, secrets), expected));
}

Deno.test("redactSecrets() leaves no secret in any text, plain or as JSON", () => {
  const secret = fc.string({ unit: "binary", minLength: 8, maxLength: 40 });
  fc.assert(fc.property(fc.string(), secret, fc.string(), (before, secret, after) => {
    const text = before + secret + after;
    fc.pre(!"[redacted]".includes(secret));
    assert.ok(!redactSecrets(text, [secret]).includes(secret));
    assert.ok(
      !redactSecrets(JSON.stringify({ text: secret }), [secret]).includes(
        JSON.stringify(secret).slice(1, -1),
      ),
    );
  }));
});

Deno.test("Secrets redacts what was added, from then on", () => {
  const secrets = new Secrets();
  assert.equal(secrets.redact("hunter2!!"), "hunter2!!");
  secrets.add("hunter2!!");
  secrets.add("");
  assert.equal(secrets.redact("hunter2!!"), "[redacted]");
  assert.deepEqual(secrets.values, ["hunter2!!"]);
});
