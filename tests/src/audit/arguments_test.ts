import assert from "node:assert/strict";
import fc from "fast-check";
import { describeArguments, MAX_COMMAND_CHARACTERS, shortText } from "../../../src/audit/arguments.ts";
import { Secrets } from "../../../src/config/redact.ts";
import { anyText } from "../../helpers/any_text.ts";

const plain = (text: string) => text;
/** As `sha256sum` prints it. */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const LONG_INPUT = "x".repeat(64);
const LONG_INPUT_HASH = "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c";

const cases: readonly (readonly [what: string, params: unknown, expected: unknown])[] = [
  ["keeps a command", { command: "ls -la", timeout_ms: 5, flag: true }, {
    command: "ls -la",
    timeout_ms: 5,
    flag: true,
  }],
  ["keeps only length and hash of a content", { path: "/a", content: "abc" }, {
    path: "/a",
    content: { bytes: 3, sha256: ABC },
  }],
  ["does so inside of lists", { edits: [{ old_text: "abc", new_text: "abc" }] }, {
    edits: [{ old_text: { bytes: 3, sha256: ABC }, new_text: { bytes: 3, sha256: ABC } }],
  }],
  ["takes base64 for the bytes that it stands for", { content_base64: "YWJj" }, {
    content_base64: { bytes: 3, sha256: ABC },
  }],
  ["takes what is not base64 as it is", { content_base64: "abc!" }, {
    content_base64: { bytes: 4, sha256: "53e0eff3204626f3e256ca636572d7ccdf8eb5a190c9defa3fa567bc63866b76" },
  }],
  ["keeps length and hash of a long input", { stdin: LONG_INPUT }, {
    stdin: { bytes: 64, sha256: LONG_INPUT_HASH },
  }],
  ["keeps only the length of a short input", { stdin: "hunter2\n" }, { stdin: { bytes: 8 } }],
  ["keeps only the names of variables", { env: { A: "secret", PATH: "/bin" } }, {
    env: { names: ["A", "PATH"] },
  }],
  ["leaves the ticket of a run out", { run: "r", ticket: "t" }, { run: "r", ticket: "[redacted]" }],
  ["takes the word after an option for a secret", { argv: ["x", "--password", "p", "y"] }, {
    argv: ["x", "--password", "[redacted]", "y"],
  }],
  ["takes fields for secrets by their names", { api_key: "k", token: ["t"], with_token: true }, {
    api_key: "[redacted]",
    token: "[redacted]",
    with_token: true,
  }],
  ["takes what has the wrong type away", { content: ["a"], stdin: 5, env: "A=secret" }, {
    content: "[redacted]",
    stdin: "[redacted]",
    env: "[redacted]",
  }],
  ["takes what is no object", "just text", "just text"],
  ["takes nothing", undefined, "[undefined]"],
];
for (const [what, params, expected] of cases) {
  Deno.test(`describeArguments() ${what}`, () =>
    assert.deepEqual(describeArguments(params, plain), expected));
}

Deno.test("describeArguments() takes known secrets out of names and values", () => {
  const secrets = new Secrets();
  secrets.add("hunter2hunter2");
  const described = describeArguments(
    { command: "echo hunter2hunter2", hunter2hunter2: 1, list: ["a hunter2hunter2 b"] },
    (text) => secrets.redact(text),
  );
  assert.deepEqual(described, { command: "echo [redacted]", "[redacted]": 1, list: ["a [redacted] b"] });
});

Deno.test("describeArguments() says what it left out of long and large arguments", () => {
  const described = JSON.stringify(describeArguments({
    command: "c".repeat(5000),
    path: "p".repeat(3000),
    list: Array.from({ length: 100 }, () => 1),
  }, plain));
  assert.ok(described.includes(`${"c".repeat(MAX_COMMAND_CHARACTERS)}[cut: 5000 characters in all]"`));
  assert.ok(described.includes("[cut: 3000 characters in all]"));
  assert.ok(described.includes("[and 36 more]"));
});

Deno.test("describeArguments() makes little of anything, and never throws", () => {
  const deep = JSON.parse("[".repeat(5000) + "]".repeat(5000));
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, "v".repeat(5000)]));
  const nested = Array.from(
    { length: 64 },
    () => Array.from({ length: 64 }, () => Array(64).fill("x".repeat(999))),
  );
  const argv = Array.from({ length: 4096 }, () => "mysql ".repeat(20_000));
  for (const params of [deep, wide, nested, { argv }, { content: deep }, { __proto__: null, a: wide }]) {
    assert.ok(JSON.stringify(describeArguments(params, plain)).length < 60_000);
  }
  fc.assert(fc.property(fc.anything(), (params) => void JSON.stringify(describeArguments(params, plain))));
});

Deno.test("shortText() never leaves the half of a secret where it cuts", () => {
  const secret = "0123456789abcdef".repeat(4);
  const redact = (text: string) => text.replaceAll(secret, "[redacted]");
  fc.assert(
    fc.property(fc.nat(40_000), fc.nat(5000), (at, max) => {
      const short = shortText("x".repeat(at) + secret + "y".repeat(20_000), max, redact);
      assert.ok(!short.includes("0123456789"));
    }),
    { numRuns: 200 },
  );
});

Deno.test("shortText() leaves a text that fits as it is", () => {
  fc.assert(fc.property(anyText(), (text) => text.includes(":") || shortText(text, 30, plain) === text));
});
