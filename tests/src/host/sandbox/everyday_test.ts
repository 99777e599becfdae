/**
 * Everyday commands in strict isolation, with what the policy grants them: each must end as it does outside.
 */
import assert from "node:assert/strict";
import { judgeCommand } from "../../../../src/safety/shell_policy.ts";
import { EVERYDAY } from "../../../corpus/corpus.ts";
import { prepareWorkFolder } from "../../../corpus/work_folder.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { NEEDS_BWRAP, openSandbox } from "./_machine.ts";
import { runMany } from "./_strict_runs.ts";

const { ignore, why } = NEEDS_BWRAP;
/** A shell's word for a program that is not there. */
const NOT_FOUND = 127;

/** Commands that may end in another way inside, with the reason. */
const MAY_DIFFER = new Map([
  ["dmesg | tail -5", "the kernel's log needs a capability on many machines"],
  ["lsof -p 1 | head -3", "files of other users' processes are closed"],
]);

Deno.test(`everyday commands end in strict isolation as they do outside${why}`, { ignore }, async () => {
  await using place = await temporaryFolder();
  await using state = await temporaryFolder();
  const sandbox = await openSandbox(state.folder);
  const places = await prepareWorkFolder(place.folder);
  const groups = new Map<string, string[]>();
  for (const { command, needs } of EVERYDAY) {
    if (needs !== undefined && !await isInstalled(needs)) continue;
    const verdict = judgeCommand({ command }, { os: "linux" });
    assert.equal(verdict.verdict, "known");
    const key = verdict.verdict === "known" ? verdict.grants.join(" ") : "";
    groups.set(key, [...groups.get(key) ?? [], command]);
  }
  let ran = 0;
  const different: string[] = [];
  for (const [key, commands] of groups) {
    const grants = (["host-processes", "unix-sockets", "network"] as const).filter((grant) =>
      key.includes(grant)
    );
    const options = { places, shell: "/usr/bin/bash", limitSeconds: 20 };
    const [outside, inside] = await Promise.all([
      runMany(commands, options),
      runMany(commands, {
        ...options,
        confine: (argv) =>
          sandbox.confine(argv, { kind: "strict", grants, hidden: [], temporary: "readable" }),
      }),
    ]);
    commands.forEach((command, i) => {
      if (outside[i] === NOT_FOUND) return;
      ran++;
      if (outside[i] === inside[i] || MAY_DIFFER.has(command)) return;
      different.push(`${command}: ${outside[i]} outside, ${inside[i]} inside with "${key}"`);
    });
  }
  assert.deepEqual(different, []);
  assert.ok(ran >= 150, `only ${ran} commands have their programs here`);
});

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    if (await Deno.stat(`${folder}/${program}`).then(() => true, () => false)) return true;
  }
  return false;
}
