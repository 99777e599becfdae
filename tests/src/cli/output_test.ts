import assert from "node:assert/strict";
import { formatTable, showStatus } from "../../../src/cli/output.ts";
import { printedBy } from "./_in_process.ts";

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

/** Shows a status on a terminal of that many columns, and returns what is written to it. */
async function statusOn(
  columns: number,
  work: (status: ReturnType<typeof showStatus>) => void,
): Promise<string> {
  const { consoleSize } = Deno;
  Deno.consoleSize = () => ({ columns, rows: 24 });
  try {
    const { stderr } = await printedBy(() => {
      using status = showStatus();
      work(status);
      return Promise.resolve();
    });
    return stderr;
  } finally {
    Deno.consoleSize = consoleSize;
  }
}

const CLEAR = "\r\x1b[K";

Deno.test("showStatus() writes one line over the other, and leaves none", async () => {
  assert.equal(await statusOn(80, (status) => status.show("1/2 web")), `${CLEAR}1/2 web${CLEAR}`);
});

Deno.test("showStatus() shows no more than the line holds", async () => {
  assert.equal(await statusOn(6, (status) => status.show("0123456789")), `${CLEAR}01234${CLEAR}`);
  assert.equal(await statusOn(0, (status) => status.show("0123456789")), `${CLEAR}${CLEAR}`);
});

Deno.test("showStatus() writes at most ten times a second, and nothing where nothing was shown", async () => {
  const shown = await statusOn(80, (status) => {
    for (let i = 0; i < 1_000; i++) status.show(`${i}`);
  });
  assert.ok(shown.startsWith(`${CLEAR}0`) && shown.split(CLEAR).length < 30, shown);
  assert.equal(await statusOn(80, (status) => status.clear()), "");
});
