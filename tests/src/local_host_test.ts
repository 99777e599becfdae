/**
 * That the parts of a machine are put together so that the agent's own files are out of reach.
 */
import assert from "node:assert/strict";
import { ConfigError, OperationError } from "../../src/errors.ts";
import { openTestHost, outside } from "../helpers/local_host.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

Deno.test("in edit mode the agent's own files are neither read nor written", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  const tokenFile = `${folder}/token`;
  await Deno.writeTextFile(tokenFile, "secret");
  await using host = await openTestHost({ folder, tokenFiles: [tokenFile] });
  const agent = `${folder}/agent`;
  await Deno.writeTextFile(`${agent}/config.toml`, 'mode = "edit"');
  const units = `${host.home}/.config/systemd/user`;
  const outcome = async (operation: string, params: unknown) => {
    try {
      await host.executors.execute(operation, params, outside());
      return "done";
    } catch (error) {
      return OperationError.from(error).code;
    }
  };
  for (const path of [tokenFile, `${agent}/config.toml`, `${agent}/state/jobs.db`]) {
    assert.equal(await outcome("read_file", { path }), "refused", path);
  }
  for (
    const path of [
      tokenFile,
      `${agent}/config.toml`,
      `${agent}/state/mode.json`,
      `${units}/remote-agent.service`,
      `${units}/remote-agent.service.d/x.conf`,
    ]
  ) {
    assert.equal(await outcome("write_file", { path, content: "x", create_parents: true }), "refused", path);
  }
  assert.equal(
    await outcome("write_file", { path: `${units}/other.service`, content: "x", create_parents: true }),
    "done",
  );
  assert.equal(await Deno.readTextFile(tokenFile), "secret");
});

Deno.test("the configuration folder is there from the start, so that no command makes it", async () => {
  await using host = await openTestHost();
  assert.ok((await Deno.stat(`${host.folder}/agent`)).isDirectory);
});

Deno.test("a path rule that cannot be read is told as a setting that must be corrected", async () => {
  await assert.rejects(openTestHost({ settings: { deny_paths: ["/srv/../etc"] } }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /^Cannot use "allow_paths" or "deny_paths": /);
    return true;
  });
});
