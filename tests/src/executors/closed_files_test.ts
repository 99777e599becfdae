import assert from "node:assert/strict";
import { join } from "node:path";
import { createClosedFiles } from "../../../src/executors/closed_files.ts";
import { identityOf } from "../../../src/host/file_identity.ts";
import { createPathTree } from "../../../src/safety/path_tree.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test({
  name: "createClosedFiles() learns of new closed files when what it knows is old",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const base = await Deno.realPath(temporary.folder);
    let time = 0;
    const deny = createPathTree(
      [`${base}/closed`],
      { os: "linux", homes: [base], isCaseInsensitive: false },
      { everyHome: false },
    );
    const closed = createClosedFiles({ deny, now: () => time });
    await Deno.writeTextFile(join(base, "target"), "x");
    const identity = identityOf(await Deno.stat(join(base, "target")));
    const answers = () => [
      closed.decide(join(base, "target"), "read", false).decision,
      closed.decideIdentity(join(base, "other"), "read", identity).decision,
    ];
    assert.deepEqual(answers(), ["allow", "allow"]);
    await Deno.symlink("target", join(base, "closed"));
    time += 5000;
    assert.deepEqual(answers(), ["refuse", "refuse"]);
    assert.equal(closed.decideIdentity("/x", "read", undefined).decision, "allow");
    await Deno.remove(join(base, "closed"));
    // A name is judged by what is known, a file anew before it is refused.
    assert.deepEqual(answers(), ["refuse", "allow"]);
    time += 5000;
    assert.deepEqual(answers(), ["allow", "allow"]);
  },
});

Deno.test({
  name: "createClosedFiles() does not take a file for a closed one that had its inode a moment ago",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const base = await Deno.realPath(temporary.folder);
    const deny = createPathTree(
      [{ path: `${base}/closed` }],
      { os: "linux", homes: [base], isCaseInsensitive: false },
      { everyHome: false },
    );
    const closed = createClosedFiles({ deny, now: () => 0 });
    const [inside, outside] = [join(base, "closed", "file"), join(base, "file")];
    await Deno.mkdir(join(base, "closed"));
    await Deno.writeTextFile(inside, "x");
    const identity = identityOf(await Deno.stat(inside));
    const decision = () => closed.decideIdentity(outside, "read", identity).decision;
    assert.equal(decision(), "refuse");
    await Deno.rename(inside, outside);
    assert.equal(decision(), "allow");
    await Deno.link(outside, inside);
    assert.equal(decision(), "allow", "what is known may be two seconds old");
  },
});
