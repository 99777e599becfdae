import assert from "node:assert/strict";
import { messagesOf, NO_CHANGES } from "../../../../src/executors/git/answers.ts";

const output = (head: string) => ({
  head,
  tail: "",
  bytes: head.length,
  truncated: false,
  invalidUtf8: false,
});

Deno.test("messagesOf() keeps the last state of progress and no credentials or control characters", () => {
  const text = "remote: 1%\rremote: 100%, done.\nTo https://u:secret@h/x\n\n\x1b[31mred\n";
  assert.equal(messagesOf([output(text)]), "remote: 100%, done.\nTo https://***@h/x\n\\u{1b}[31mred");
});

Deno.test("messagesOf() keeps the end of what is long and says so", () => {
  const text = messagesOf([output(`${"line\n".repeat(5000)}end`)]);
  assert.ok(text.startsWith("[...]") && text.endsWith("end") && text.length < 4200);
});

Deno.test("NO_CHANGES has no files", () => assert.equal(NO_CHANGES.changes.fileCount, 0));
