import assert from "node:assert/strict";
import { detectSandbox, remedyFor } from "../../../../src/host/sandbox/detect.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { NEEDS_BWRAP, run } from "./_machine.ts";

Deno.test(`detectSandbox() finds bubblewrap by trying it${NEEDS_BWRAP.why}`, NEEDS_BWRAP, async () => {
  await using place = await temporaryFolder();
  const { sandbox, reason } = await detectSandbox(place.folder);
  assert.equal(reason, undefined);
  assert.equal(sandbox?.name, "bubblewrap");
  const argv = sandbox.confine(["/bin/echo", "hello"], { kind: "strict", grants: [], hidden: [] });
  assert.deepEqual(await run(argv), { code: 0, stdout: "hello\n", stderr: "" });
  const left = (await Array.fromAsync(Deno.readDir(place.folder))).map(({ name }) => name).sort();
  assert.deepEqual(left, ["seccomp-closed.bpf", "seccomp-sockets.bpf"]);
});

const complaints = [
  ["does not work here: bwrap: setting up uid map: Permission denied", /AppArmor/],
  ["does not work here: bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", /AppArmor/],
  ["does not work here: bwrap: Creating new namespace failed: Operation not permitted", /user namespaces/],
  [
    "does not work here: bwrap: No permissions to create new namespace, likely because ...",
    /user namespaces/,
  ],
  ["does not keep a command from writing", undefined],
] as const;
for (const [complaint, remedy] of complaints) {
  Deno.test(`remedyFor() knows what helps against "${complaint}"`, () => {
    if (remedy === undefined) assert.equal(remedyFor(complaint), undefined);
    else assert.match(remedyFor(complaint) ?? "", remedy);
  });
}
