import assert from "node:assert/strict";
import { createGitPull } from "../../../src/executors/git_pull.ts";
import { gitPull, type GitPullParams } from "../../../src/protocol/operations/git_pull.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function pull(place: GitPlace, params: Partial<GitPullParams> = {}, options: ContextOptions = {}) {
  const result = await createGitPull({ home: place.folder })(
    { path: "repo", ...params },
    place.context(options),
  );
  return gitPull.result.parse(result);
}

/** A repository, its remote, and a clone of somebody else. */
async function three(place: GitPlace) {
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  await place.git(place.folder, "clone", "-q", remote, "other");
  const other = `${place.folder}/other`;
  return {
    root,
    remote,
    /** Somebody else pushes a commit. */
    async change(file: string, text: string) {
      await place.write(`${other}/${file}`, text);
      await place.git(other, "add", ".");
      await place.git(other, "commit", "-qm", `theirs: ${file}`);
      await place.git(other, "push", "-q", "origin", "HEAD:main");
    },
    async commit(file: string, text: string) {
      await place.write(`${root}/${file}`, text);
      await place.git(root, "add", ".");
      await place.git(root, "commit", "-qm", `ours: ${file}`);
    },
    head: () => place.git(root, "rev-parse", "HEAD"),
  };
}

gitTest("git_pull brings a branch up to date and tells what changed", async () => {
  await using place = await gitPlace();
  const { root, change, head } = await three(place);
  const oldHead = await head();
  await change("b", "1\n2\n");
  const { messages, ...result } = await pull(place);
  assert.match(messages, /Fast-forward/);
  assert.deepEqual(result, {
    root,
    outcome: "updated",
    branch: "main",
    strategy: "ff-only",
    oldHead,
    newHead: await head(),
    files: [{ path: "b", change: "added", added: 2, removed: 0 }],
    fileCount: 1,
    added: 2,
    removed: 0,
    truncated: false,
    conflicts: [],
    invalidUtf8: false,
  });
  assert.equal((await pull(place, { remote: "origin", branch: "main" })).outcome, "up_to_date");
});

gitTest("git_pull makes no merge unless told so, whatever is configured", async () => {
  await using place = await gitPlace();
  const { root, change, commit, head } = await three(place);
  await change("b", "1\n");
  await commit("c", "1\n");
  const before = await head();
  for (const setting of ["pull.rebase=true", "pull.ff=false", "merge.ff=false"]) {
    const [key = "", value = ""] = setting.split("=");
    await place.git(root, "config", key, value);
    const error = await rejects(pull(place), { message: /cannot be fast-forwarded/ });
    assert.match(error.remedy ?? "", /strategy merge or rebase/);
    assert.equal(await head(), before);
    await place.git(root, "config", "--unset", key);
  }
});

gitTest("git_pull merges or rebases on request, without an editor", async () => {
  await using place = await gitPlace();
  const { root, change, commit } = await three(place);
  await place.git(root, "config", "core.editor", "sleep 60");
  await change("b", "1\n");
  await commit("c", "1\n");
  const rebased = await pull(place, { strategy: "rebase", timeout_ms: 30_000 });
  assert.deepEqual([rebased.outcome, await place.git(root, "log", "-1", "--format=%s")], [
    "updated",
    "ours: c",
  ]);
  await change("d", "1\n");
  const merged = await pull(place, { strategy: "merge", timeout_ms: 30_000 });
  assert.equal(merged.outcome, "updated");
  assert.match(await place.git(root, "log", "-1", "--format=%s %p"), /^Merge branch 'main' of .* \w+ \w+$/);
});

for (const strategy of ["merge", "rebase"] as const) {
  gitTest(
    `git_pull puts everything back after conflicts in a ${strategy}, or leaves them if told so`,
    async () => {
      await using place = await gitPlace();
      const { root, change, commit, head } = await three(place);
      await change("a", "theirs\n");
      await commit("a", "ours\n");
      const before = await head();
      const given = await pull(place, { strategy });
      assert.deepEqual([given.outcome, given.oldHead, given.newHead], ["conflicts_aborted", before, before]);
      assert.deepEqual(given.conflicts, [{ path: "a", conflict: "both modified" }]);
      assert.equal(await place.git(root, "status", "--porcelain"), "");
      assert.equal(await place.git(root, "symbolic-ref", "HEAD"), "refs/heads/main");
      const left = await pull(place, { strategy, on_conflict: "leave" });
      assert.equal(left.outcome, "conflicts_left");
      assert.match(await place.git(root, "status", "--porcelain"), /^UU a/);
      await rejects(pull(place, { strategy }), { message: new RegExp(`a ${strategy} is in progress`) });
    },
  );
}

gitTest("git_pull gives up a merge that a hook refuses, and says so", async () => {
  await using place = await gitPlace();
  const { root, change, commit, head } = await three(place);
  await change("b", "1\n");
  await commit("c", "1\n");
  const before = await head();
  await Deno.writeTextFile(`${root}/.git/hooks/commit-msg`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await rejects(pull(place, { strategy: "merge" }), { message: /put back$/ });
  assert.equal(await head(), before);
  assert.equal(await place.git(root, "status", "--porcelain"), "");
});

gitTest("git_pull gives up a merge that is cancelled half-way", async () => {
  await using place = await gitPlace();
  const { root, change, commit, head } = await three(place);
  await change("b", "1\n");
  await commit("c", "1\n");
  const before = await head();
  const marker = `${place.folder}/started`;
  await Deno.mkdir(marker);
  const hook = `#!/bin/sh\ntouch ${marker}/x\nexec sleep 60\n`;
  await Deno.writeTextFile(`${root}/.git/hooks/commit-msg`, hook, { mode: 0o755 });
  const controller = new AbortController();
  const watcher = Deno.watchFs(marker);
  const work = rejects(pull(place, { strategy: "merge" }, { signal: controller.signal }), {
    code: "cancelled",
    message: /put back$/,
  });
  for await (const _event of watcher) break;
  controller.abort();
  await work;
  assert.equal(await head(), before);
  assert.equal(await place.git(root, "status", "--porcelain"), "");
});

gitTest("git_pull pulls into an empty repository", async () => {
  await using place = await gitPlace();
  const { remote } = await three(place);
  await place.git(place.folder, "init", "-q", "fresh");
  await place.git(`${place.folder}/fresh`, "remote", "add", "up", remote);
  const result = await pull(place, { path: "fresh", remote: "up", branch: "main" });
  assert.deepEqual([result.outcome, result.oldHead, result.fileCount], ["updated", null, 1]);
});

gitTest("git_pull says why it cannot", async () => {
  await using place = await gitPlace();
  const { root, change, remote } = await three(place);
  await change("a", "theirs\n");
  await place.write(`${root}/a`, "dirty\n");
  await rejects(pull(place), { message: /changes that are not committed are in the way/ });
  await place.git(root, "checkout", "-q", "a");
  const bad = { code: "bad_request" as const };
  for (const name of ["--upload-pack=x", "ext::sh -c x", remote, "nowhere"]) {
    const error = await rejects(pull(place, { remote: name }), { ...bad, message: /it has no remote/ });
    assert.match(error.remedy ?? "", /"origin"/);
  }
  await rejects(pull(place, { branch: "main" }), { ...bad, message: /without "remote"/ });
  await rejects(pull(place, { remote: "origin", branch: "nothing" }), {
    message: /the remote has no such branch/,
  });
  await place.git(root, "checkout", "-q", "-b", "new");
  await rejects(pull(place), { message: /the branch has no upstream/ });
  await place.git(root, "checkout", "-q", "--detach");
  await rejects(pull(place), { message: /HEAD is detached/ });
  await place.git(root, "checkout", "-q", "main");
  await Deno.remove(remote, { recursive: true });
  await rejects(pull(place), { message: /leads to no repository/ });
  await place.git(root, "config", "remote.origin.url", "ext::touch evil");
  await rejects(pull(place), { message: /does not allow/ });
});

gitTest("git_pull asks nothing when a remote wants credentials", async () => {
  await using place = await gitPlace();
  const { root } = await three(place);
  await Deno.mkdir(`${place.folder}/bin`);
  const ask = `#!/bin/sh\ntouch ${place.folder}/asked\necho x\n`;
  for (const name of ["askpass", "editor"]) {
    await Deno.writeTextFile(`${place.folder}/bin/${name}`, ask, { mode: 0o755 });
  }
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
  );
  const url = `http://user@127.0.0.1:${server.addr.port}/x.git`;
  await place.git(root, "config", "remote.origin.url", url);
  await place.git(root, "config", "core.askPass", `${place.folder}/bin/askpass`);
  const environment = {
    GIT_ASKPASS: `${place.folder}/bin/askpass`,
    SSH_ASKPASS: `${place.folder}/bin/askpass`,
    DISPLAY: ":0",
  };
  const error = await rejects(pull(place, { timeout_ms: 30_000 }, { environment }), {
    message: /wants credentials/,
  });
  assert.doesNotMatch(error.message, /user@/);
  await assert.rejects(Deno.stat(`${place.folder}/asked`));
});
