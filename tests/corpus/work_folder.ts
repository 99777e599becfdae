/**
 * Makes the folder the commands of the corpora are run in: texts, data, an archive, a git repository and scripts that touch a canary.
 */

/** Places in a prepared folder. */
export interface WorkFolder {
  readonly path: string;
  /** A file nothing may change. */
  readonly canary: string;
  /** Where a listening Unix socket may be made. */
  readonly socket: string;
}

/** Fills an empty folder. */
export async function prepareWorkFolder(path: string): Promise<WorkFolder> {
  const canary = `${path}/canary`;
  const write = (name: string, text: string, mode = 0o644) =>
    Deno.writeTextFile(`${path}/${name}`, text, { mode });
  for (const folder of ["src", "home", "tmp", "repo", "bin"]) await Deno.mkdir(`${path}/${folder}`);
  await write("canary", "sings\n");
  await write("in.txt", "apple 1\nbanana 2\nfoo 3\na|b 4\n");
  await write("name with spaces.txt", "x\n");
  await write("src/main.txt", "main\n");
  await write("data.json", '{"a": [1, 2]}\n');
  await write("data.yaml", "a: [1, 2]\n");
  await write("hex.txt", "00000000: 6869 0a\n");
  await write("b64.txt", btoa(`echo gone > ${canary}\n`));
  await write("x.awk", `BEGIN { system("echo gone > ${canary}") }\n`);
  await write("x.sed", `w ${canary}\n`);
  await write("rc", `--pre=${path}/x\n`);
  for (const script of ["x", "ls", "bin/ls", "nosuch"]) {
    await write(script, `#!/bin/sh\necho gone > ${canary}\n`, 0o755);
  }
  await run(path, "tar", ["cf", "a.tar", "in.txt", "src"]);
  const repo = `${path}/repo`;
  await Deno.writeTextFile(`${repo}/f`, "a\nb\n");
  for (
    const args of [
      ["init", "-q"],
      ["config", "user.name", "me"],
      ["config", "user.email", "me@example.com"],
      ["add", "."],
      [
        "commit",
        "-q",
        "-m",
        "first",
      ],
    ]
  ) await run(repo, "git", args, `${path}/home`);
  await Deno.writeTextFile(`${repo}/f`, "a\nc\n");
  return { path, canary, socket: `${path}/socket` };
}

async function run(cwd: string, program: string, args: readonly string[], home = cwd): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { HOME: home, GIT_CONFIG_NOSYSTEM: "1" },
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot prepare the folder with "${program}": ${new TextDecoder().decode(stderr)}`);
  }
}
