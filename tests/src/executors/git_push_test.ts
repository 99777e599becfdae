import assert from "node:assert/strict";
import { createGitPush } from "../../../src/executors/git_push.ts";
import { gitPush, type GitPushParams } from "../../../src/protocol/operations/git_push.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function push(place: GitPlace, params: Partial<GitPushParams> = {}, options: ContextOptions = {}) {
  const result = await createGitPush({ home: place.folder })(
    { path: "repo", ...params },
    place.context(options),
  );
  return gitPush.result.parse(result);
}

const empty = (place: GitPlace, folder: string, message: string) =>
  place.git(folder, "commit", "-q", "--allow-empty", "-m", message);

gitTest("git_push sends the branch and tells what the remote has now", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  const old = await place.git(root, "rev-parse", "--short", "HEAD");
  await empty(place, root, "second");
  const { messages, ...result } = await push(place);
  assert.equal(typeof messages, "string");
  const head = await place.git(root, "rev-parse", "--short", "HEAD");
  assert.deepEqual(result, {
    root,
    pushed: true,
    upToDate: false,
    remote: "origin",
    branch: "main",
    refs: [{
      local: "refs/heads/main",
      remote: "refs/heads/main",
      outcome: "updated",
      summary: `${old}..${head}`,
      reason: null,
    }],
    upstream: "origin/main",
    invalidUtf8: false,
  });
  assert.equal(await place.git(remote, "rev-parse", "--short", "main"), head);
  const again = await push(place);
  assert.deepEqual([again.pushed, again.upToDate, again.refs[0]?.outcome], [true, true, "up_to_date"]);
});

gitTest("git_push makes a new branch, under another name too, and sets the upstream", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  await place.git(root, "checkout", "-q", "-b", "topic/(x)");
  const created = await push(place, { set_upstream: true });
  assert.deepEqual([created.refs[0]?.outcome, created.upstream], ["created", "origin/topic/(x)"]);
  await push(place, { branch: "main", remote_branch: "renamed", remote: "origin" });
  assert.equal(await place.git(remote, "branch", "--format=%(refname:short)"), "main\nrenamed\ntopic/(x)");
});

gitTest("git_push never overwrites; with a lease it replaces only what was seen", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  await place.git(place.folder, "clone", "-q", remote, "other");
  const other = `${place.folder}/other`;
  await empty(place, other, "theirs");
  await place.git(other, "push", "-q");
  const theirs = await place.git(remote, "rev-parse", "main");
  await empty(place, root, "ours");
  // A plus in the configuration would force.
  await place.git(root, "config", "remote.origin.push", "+refs/heads/*:refs/heads/*");
  for (const [force, reason] of [[false, "fetch first"], [true, "stale info"]] as const) {
    const result = await push(place, { force_with_lease: force });
    assert.deepEqual([result.pushed, result.refs[0]?.outcome, result.refs[0]?.reason], [
      false,
      "rejected",
      reason,
    ]);
    assert.equal(await place.git(remote, "rev-parse", "main"), theirs);
  }
  await place.git(root, "fetch", "-q");
  const fetched = await push(place, { force_with_lease: true });
  assert.deepEqual([fetched.pushed, await place.git(remote, "rev-parse", "main")], [false, theirs]);
  await place.git(root, "merge", "-q", "--no-edit", "origin/main");
  await push(place);
  await place.git(root, "commit", "-q", "--amend", "--allow-empty", "-m", "rewritten");
  assert.equal((await push(place)).refs[0]?.reason, "non-fast-forward");
  assert.equal((await push(place, { force_with_lease: true })).refs[0]?.outcome, "forced");
});

gitTest("git_push tells why the remote refused, without letting it fake lines", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  const hook = "#!/bin/sh\nprintf 'no \\033[31mway\\nfatal: forged\\n'\nexit 1\n";
  await Deno.writeTextFile(`${remote}/hooks/pre-receive`, hook, { mode: 0o755 });
  await empty(place, root, "second");
  const result = await push(place);
  assert.deepEqual([result.pushed, result.refs[0]?.reason], [false, "pre-receive hook declined"]);
  assert.match(result.messages, /remote: no \\u\{1b\}\[31mway/);
});

gitTest("git_push finds the remote as git does", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await rejects(push(place), { code: "bad_request", message: /not set which remote/ });
  await place.makeRemote(root, "one.git");
  await place.git(root, "remote", "rename", "origin", "only");
  await place.git(root, "config", "--unset", "branch.main.remote");
  assert.equal((await push(place)).remote, "only");
  await place.git(root, "config", "remote.--receive-pack=x.url", "x");
  await place.git(root, "config", "branch.main.remote", "--receive-pack=x");
  await rejects(push(place), { code: "bad_request", message: /it has no remote "--receive-pack=x"/ });
  await place.git(root, "config", "branch.main.pushRemote", "ext::touch x");
  await rejects(push(place), { code: "bad_request", message: /it has no remote "ext::touch x"/ });
});

gitTest("git_push says why it cannot", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  await rejects(push(place, { branch: "nothing" }), { message: /no such local branch/ });
  await rejects(push(place, { remote: "nowhere" }), { code: "bad_request", message: /no remote "nowhere"/ });
  await Deno.writeTextFile(`${root}/.git/hooks/pre-push`, "#!/bin/sh\necho no\nexit 1\n", { mode: 0o755 });
  await empty(place, root, "second");
  await rejects(push(place), { message: /exit code 1|failed to push/ });
  await Deno.remove(`${root}/.git/hooks/pre-push`);
  await place.git(root, "checkout", "-q", "--detach");
  await rejects(push(place), { message: /HEAD is detached/ });
  await place.git(root, "checkout", "-q", "main");
  await Deno.remove(remote, { recursive: true });
  await rejects(push(place), { message: /leads to no repository/ });
  await place.git(root, "config", "remote.origin.url", "ssh://nobody@127.0.0.1:1/x");
  await rejects(push(place, { timeout_ms: 30_000 }), { message: /cannot be reached|did not answer/ });
});

gitTest("git_push starts ssh so that it asks nothing, and the user's own ssh as it is", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.makeRemote(root);
  await Deno.mkdir(`${place.folder}/bin`);
  const ssh = `#!/bin/sh\nprintf '%s ' "$@" >> ${place.folder}/ssh.log\nexit 255\n`;
  for (const name of ["ssh", "own"]) {
    await Deno.writeTextFile(`${place.folder}/bin/${name}`, ssh, { mode: 0o755 });
  }
  await place.git(root, "config", "remote.origin.url", "ssh://nobody@example.invalid/x");
  await place.git(root, "config", "ssh.variant", "ssh");
  const environment = { PATH: `${place.folder}/bin:${place.environment["PATH"]}` };
  await rejects(push(place, {}, { environment }), { message: /did not answer/ });
  assert.match(await Deno.readTextFile(`${place.folder}/ssh.log`), /-oBatchMode=yes/);
  await Deno.remove(`${place.folder}/ssh.log`);
  await place.git(root, "config", "core.sshCommand", `${place.folder}/bin/own -i key`);
  await rejects(push(place, {}, { environment }), { message: /did not answer/ });
  assert.match(await Deno.readTextFile(`${place.folder}/ssh.log`), /^-i key /);
});
