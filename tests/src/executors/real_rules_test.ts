import assert from "node:assert/strict";
import { join } from "node:path";
import { realRules } from "../../../src/executors/real_rules.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test({
  name: "realRules() holds rules to the real places of homes, folders and the agent's own files",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const base = await Deno.realPath(temporary.folder);
    for (const name of ["real-home", "dotfiles/agent", "data"]) {
      await Deno.mkdir(join(base, name), { recursive: true });
    }
    await Deno.symlink("real-home", join(base, "home"));
    await Deno.symlink(join(base, "dotfiles/agent"), join(base, "real-home/config"));
    await Deno.symlink(join(base, "data"), join(base, "real-home/projects"));
    const home = join(base, "home");
    const { policy, deny, system } = realRules({
      rules: {
        allow: ["~/projects/**", "~/.*"],
        deny: ["~/.key"],
        own: [],
        ownSecrets: [{ path: join(home, "config") }],
      },
      system: { os: "linux", homes: [home], isCaseInsensitive: false },
    });
    assert.deepEqual(system.homes, [home, join(base, "real-home")]);
    const ruleOf = (path: string) => {
      const decision = policy({ path: join(base, path), access: "read", mode: "edit" });
      return decision.decision === "allow" ? "allow" : decision.rule;
    };
    assert.equal(ruleOf("data/x"), "allow");
    assert.equal(ruleOf("elsewhere"), "outside-allowed");
    assert.equal(ruleOf("real-home/.key"), "denied-path");
    assert.equal(ruleOf("dotfiles/agent/x"), "own-file");
    assert.ok(deny.match(join(base, "dotfiles/agent/x")).rule !== undefined);
  },
});
