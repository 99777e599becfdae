import assert from "node:assert/strict";
import fc from "fast-check";
import { carryVariables } from "../../../src/executors/caller_environment.ts";
import { wellFormedText } from "../../helpers/any_text.ts";

const PRINT = ["/usr/bin/env", "-0"] as const;

/** Runs what `carryVariables` says, and returns what the command at its end was given. */
async function environmentOf(variables: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const { argv: [program, ...args], additions } = carryVariables(PRINT, variables);
  assert.ok(
    args.every((word) =>
      Object.values(variables).every((value) => value.length < 8 || !word.includes(value))
    ),
  );
  const { stdout, stderr } = await new Deno.Command(program, { args, env: { ...additions }, clearEnv: true })
    .output();
  assert.equal(new TextDecoder().decode(stderr), "");
  const entries = new TextDecoder().decode(stdout).split("\0").filter((line) => line !== "");
  return new Map(
    entries.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

Deno.test("carryVariables() leaves a command without variables as it is", () => {
  assert.deepEqual(carryVariables(PRINT, {}), { argv: PRINT, additions: {} });
});

Deno.test("carryVariables() names no variable outside by the name that it has inside", () => {
  const { additions } = carryVariables(PRINT, { LD_PRELOAD: "x", PATH: "y", UID: "z" });
  assert.deepEqual(Object.keys(additions).filter((name) => ["LD_PRELOAD", "PATH", "UID"].includes(name)), []);
});

Deno.test({
  name: "carryVariables() gives a command exactly the caller's variables",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const names = fc.constantFrom(
      "A",
      "_b",
      "PATH",
      "IFS",
      "ENV",
      "UID",
      "PPID",
      "HOME",
      "LANG_X",
      "PS4",
      "OPTIND_X",
    );
    // The system's own limit is no part of this: NUL cannot be in a variable.
    const values = wellFormedText({ maxLength: 20 }).map((text) => text.replaceAll("\0", ""));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(names, values, { maxKeys: 5 }), async (variables) => {
        const given = await environmentOf(variables);
        for (const [name, value] of Object.entries(variables)) assert.equal(given.get(name), value, name);
        assert.deepEqual([...given.keys()].filter((name) => name.startsWith("RA_CALLER_")), []);
      }),
      { numRuns: 40 },
    );
  },
});
