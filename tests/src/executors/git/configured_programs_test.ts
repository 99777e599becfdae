import assert from "node:assert/strict";
import { configuredPrograms } from "../../../../src/executors/git/configured_programs.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null", stderr: "null" }).output()
  .then(() => true, () => false);

Deno.test({
  name: `configuredPrograms() names the keys that start programs${
    hasGit ? "" : " (skipped: there is no git)"
  }`,
  ignore: !hasGit,
  fn: async () => {
    await using temporary = await temporaryFolder();
    const { folder } = temporary;
    const environment = { PATH: Deno.env.get("PATH") ?? "", HOME: folder };
    const git = async (...args: string[]) => {
      const { success } = await new Deno.Command("git", { args: ["-C", folder, ...args], env: environment })
        .output();
      assert.ok(success);
    };
    await git("init", "--quiet");
    assert.deepEqual(await configuredPrograms([folder, `${folder}/nowhere`], environment), []);
    await git("config", "filter.x.clean", "touch canary");
    await git("config", "diff.external", "touch canary");
    assert.deepEqual(await configuredPrograms([folder, folder], environment), [
      "filter.x.clean",
      "diff.external",
    ]);
    await git("config", "--remove-section", "filter.x");
    await git("config", "--remove-section", "diff");
    await git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},inner`);
    await Deno.mkdir(`${folder}/deep`);
    assert.deepEqual(await configuredPrograms([`${folder}/deep`], environment), ["a repository within"]);
  },
});
