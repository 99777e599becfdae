import assert from "node:assert/strict";
import {
  findPushRemote,
  listRemotes,
  quietSsh,
  requireRemote,
} from "../../../../src/executors/git/remotes.ts";
import { openRepository } from "../../../../src/executors/git/repository.ts";
import { type GitPlace, gitPlace, gitTest, rejects } from "./_repositories.ts";

const open = (place: GitPlace) =>
  openRepository({ path: "repo" }, place.context(), {
    home: place.folder,
    what: "look",
    timeoutMs: 30_000,
    isRead: true,
    needsTree: false,
  });

gitTest("findPushRemote() asks the branch, the repository and then what there is", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const repository = await open(place);
  await rejects(findPushRemote(repository, "main"), { code: "bad_request", message: /not set which remote/ });
  for (
    const [key, value, expected] of [
      ["remote.one.url", "/one", "one"],
      ["remote.two.url", "/two", undefined],
      ["remote.origin.url", "/origin", "origin"],
      ["branch.main.remote", "one", "one"],
      ["remote.pushDefault", "two", "two"],
      ["branch.main.pushRemote", "origin", "origin"],
    ] as const
  ) {
    await place.git(root, "config", key, value);
    if (expected !== undefined) assert.equal(await findPushRemote(repository, "main"), expected);
  }
  assert.equal(await findPushRemote(repository, "other"), "two");
});

gitTest("listRemotes() leaves out what looks like an option", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  for (const name of ["fine", "--upload-pack=x", "a b"]) {
    await place.git(root, "config", `remote.${name}.url`, "x");
  }
  const repository = await open(place);
  assert.deepEqual(await listRemotes(repository), ["fine"]);
  await requireRemote(repository, "fine");
  await rejects(requireRemote(repository, "other"), { code: "bad_request", message: /no remote "other"/ });
});

gitTest("quietSsh() leaves the user's own way alone", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const repository = await open(place);
  assert.equal(await quietSsh(repository, {}), "ssh -oBatchMode=yes");
  assert.equal(await quietSsh(repository, { GIT_SSH_COMMAND: "x" }), undefined);
  await place.git(root, "config", "core.sshCommand", "x");
  assert.equal(await quietSsh(repository, {}), undefined);
});
