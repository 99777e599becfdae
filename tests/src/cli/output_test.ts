import assert from "node:assert/strict";
import { formatTable } from "../../../src/cli/output.ts";

Deno.test("formatTable() lines columns up and leaves no blanks at the ends of lines", () => {
  assert.equal(formatTable([["a", "bbb", ""], ["cccc", "d", "e"]]), "a     bbb\ncccc  d    e");
});

const OUTPUT = new URL("../../../src/cli/output.ts", import.meta.url).href;

Deno.test("printLine() takes a reader that goes away for no error", async () => {
  const code =
    `import { printLine } from "${OUTPUT}"; for (let i = 0; i < 1e5; i++) printLine("x".repeat(100));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [errors, status] = await Promise.all([new Response(child.stderr).text(), child.status]);
  assert.equal(errors, "");
  assert.equal(status.code, 0);
});
