import assert from "node:assert/strict";
import { explainGit, failed, quoteGit, withoutCredentials } from "../../../../src/executors/git/explain.ts";

const explain = (stderr: string) => explainGit('pull in "/x"', { exitCode: 128, stderr });

/** What git says that tests with real repositories do not bring about. */
const CASES: readonly [string, RegExp][] = [
  ["fatal: could not read Username for 'https://x': terminal prompts disabled", /wants credentials/],
  [
    "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
    /wants credentials/,
  ],
  ["Host key verification failed.\nfatal: Could not read from remote repository.", /host key is not known/],
  ["fatal: unable to access 'https://x/': Could not resolve host: x", /cannot be reached/],
  ["fatal: refusing to merge unrelated histories", /no commit in common/],
  ["error: gpg failed to sign the data\nfatal: failed to write commit object", /could not be signed/],
  ["fatal: cannot create directory at 'x': Read-only file system", /may not write there/],
  ["error: file write error: No space left on device", /disk is full/],
  ["fatal: bad object HEAD", /damaged/],
  ["bwrap: execvp git: No such file or directory", /git is not installed/],
  ["fatal: something new", /exit code 128 \(git: "fatal: something new"\)$/],
  ["", /exit code 128$/],
];
for (const [stderr, message] of CASES) {
  Deno.test(`explainGit() explains ${JSON.stringify(stderr.slice(0, 60))}`, () => {
    const error = explain(stderr);
    assert.match(error.message, /^Cannot pull in "\/x": /);
    assert.match(error.message, message);
  });
}

Deno.test("explainGit() does not take a remote's words for git's", () => {
  assert.match(explain("remote: fatal: Authentication failed\nerror: other").message, /exit code 128/);
});

Deno.test("explainGit() shows no control characters and cuts what is long", () => {
  const { message } = explain(`fatal: \x1b[31m${"x".repeat(5000)}`);
  assert.match(message, /\\u\{1b\}\[31mx/);
  assert.ok(message.length < 800);
});

Deno.test("failed() reads both ends of stderr", () => {
  const stderr = { head: "fatal: bad", tail: " object x", bytes: 1, truncated: false, invalidUtf8: false };
  assert.match(failed("x", { exitCode: 1, stderr }).message, /damaged/);
});

Deno.test("quoteGit() prefers the lines that say what is wrong", () => {
  assert.equal(quoteGit("hint: x\nerror: a\nfatal: b\n"), '"error: a; fatal: b"');
  assert.equal(quoteGit("just this\n"), '"just this"');
  assert.equal(quoteGit("\n"), "");
});

Deno.test("withoutCredentials() takes user and password out of URLs and leaves the rest", () => {
  assert.equal(withoutCredentials("'https://u:p@h/x' ssh://git@h y@z"), "'https://***@h/x' ssh://***@h y@z");
});
