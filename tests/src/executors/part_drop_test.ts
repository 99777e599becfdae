import assert from "node:assert/strict";
import { openTestHost, outside } from "../../helpers/local_host.ts";
import { failsWith, KEY, readText, runPart } from "./_parts.ts";

Deno.test({
  name: "part_drop removes a run's parts, again without complaint, and tells how much it was",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using host = await openTestHost();
    await runPart(host, "printf 12345");
    const drop = (ticket = KEY.ticket) => host.executors.execute("part_drop", { ...KEY, ticket }, outside());
    await failsWith(drop("b".repeat(32)), "refused", /no such run here for this ticket$/);
    assert.equal(await readText(host, "map.3.0"), "12345");
    assert.deepEqual([await drop(), await drop()], [{ bytes: 5 }, { bytes: 0 }]);
    await failsWith(readText(host, "map.3.0"), "refused", /no such run/);
    await failsWith(runPart(host, "true"), "refused", /no such run/);
  },
});
