import assert from "node:assert/strict";
import { join } from "node:path";
import { createReadFile } from "../../../src/executors/read_file.ts";
import { callContext } from "../../helpers/call_context.ts";
import { guardedHome } from "../../helpers/guarded_home.ts";

Deno.test({
  name: "readSlice() keeps its bound also where text takes more bytes than the file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using home = await guardedHome();
    const bytes = new Uint8Array(5000).fill(0x80);
    await Deno.writeFile(join(home.home, "file"), bytes);
    const execute = createReadFile({ guard: home.guard });
    let whole = "";
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const { text = "", next }: Awaited<ReturnType<typeof execute>> = await execute({
        path: "file",
        offset,
        max_bytes: 700,
      }, callContext());
      assert.ok(new TextEncoder().encode(text).length <= 700 && text !== "");
      whole += text;
      offset = next !== undefined && "offset" in next ? next.offset : undefined;
    }
    assert.equal(whole, "€".repeat(5000));
  },
});
