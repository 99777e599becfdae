/**
 * What is pure runs unchanged in a browser and in a Worker: it type-checks against their libraries alone, and it
 * works where neither Deno nor Node is there.
 */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { PROJECT_ROOT, projectFiles } from "../helpers/project_files.ts";

const PURE_FOLDERS = ["src/protocol", "src/crypto", "src/safety", "relay/core"];

/** Runs Deno and gives back what it printed; fails with its complaint if it failed. */
async function runDeno(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: PROJECT_ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test("pure folders type-check with the libraries of a browser worker alone", async () => {
  await runDeno(["check", "--config", "tests/pure.deno.json", ...PURE_FOLDERS]);
});

Deno.test("a use of Deno does not type-check with these libraries", async () => {
  await using temporary = await temporaryFolder();
  const bad = `${temporary.folder}/bad.ts`;
  await Deno.writeTextFile(bad, "export const where: string = Deno.cwd();\n");
  await assert.rejects(
    runDeno(["check", "--config", "tests/pure.deno.json", bad]),
    /Cannot find name 'Deno'/,
  );
});

Deno.test("pure folders work without the globals of Deno and Node", async () => {
  const files = await projectFiles(PURE_FOLDERS, /\.ts$/);
  const urls = files.map(({ path }) => pathToFileURL(`${PROJECT_ROOT}${path}`).href);
  const args = ["run", "--no-prompt", "--quiet", `--allow-read=${PROJECT_ROOT}`];
  const report: unknown = JSON.parse(await runDeno([...args, "tests/contract/_pure_main.ts", ...urls]));
  assert.deepEqual(report, {
    loaded: files.length,
    globals: [],
    cardName: "pure",
    isHostKnown: true,
    effects: ["text", "text"],
    message: { t: "ping", id: 42 },
    plan: "refuse",
  });
});
