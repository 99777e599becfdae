import assert from "node:assert/strict";
import { stampOf } from "../../../src/jobs/process_stamp.ts";

Deno.test({
  name: "stampOf() is the same for the same process, and nothing for one that has ended",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const mine = stampOf(Deno.pid);
    assert.ok(mine !== undefined && mine === stampOf(Deno.pid));
    const child = new Deno.Command("sleep", { args: ["1000"], stdin: "null" }).spawn();
    const its = stampOf(child.pid);
    child.kill("SIGKILL");
    await child.status;
    assert.ok(its !== undefined && its !== mine);
    assert.equal(stampOf(child.pid), undefined);
  },
});
