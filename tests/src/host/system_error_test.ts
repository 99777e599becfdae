import assert from "node:assert/strict";
import { explainSystemError } from "../../../src/host/system_error.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("explainSystemError() puts the runtime's errors in words, without paths", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  const cases: [() => Promise<unknown>, RegExp][] = [
    [() => Deno.readFile(`${folder}/none`), /^there is no such folder or file \(ENOENT\)$/],
    [() => Deno.writeTextFile(folder, ""), /^it is a folder \(EISDIR\)$/],
    [() => Deno.writeTextFile(`${folder}/${"x".repeat(300)}`, ""), /^the name is too long/],
  ];
  if (Deno.build.os === "linux") {
    cases.push([() => Deno.writeTextFile("/dev/full", "x"), /^the disk is full \(ENOSPC\)$/]);
  }
  for (const [work, expected] of cases) {
    const error = await work().catch((thrown: unknown) => thrown);
    assert.match(explainSystemError(error), expected);
  }
});

Deno.test("explainSystemError() leaves other errors in their own words", () => {
  assert.equal(explainSystemError(new Error("it broke")), "it broke");
  assert.equal(explainSystemError("text"), "text");
  assert.equal(explainSystemError(new Error("odd (os error 99): open '/secret/path'")), "odd (os error 99)");
});
