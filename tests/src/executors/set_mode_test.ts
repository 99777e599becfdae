import assert from "node:assert/strict";
import type { CallContext } from "../../../src/executors/executor.ts";
import { createModes } from "../../../src/executors/modes.ts";
import { createSetMode } from "../../../src/executors/set_mode.ts";
import { createModeStore } from "../../../src/host/mode_store.ts";
import { setMode } from "../../../src/protocol/operations/set_mode.ts";
import { callContext } from "../../helpers/call_context.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("set_mode tells the mode before and now, the ceiling, and when it falls back", async () => {
  await using temporary = await temporaryFolder();
  const store = createModeStore(temporary.folder);
  using modes = createModes({ settings: { mode: "plan", maxMode: "edit" }, store, now: () => 5_000_000 });
  const execute = createSetMode(modes);
  const context: CallContext = callContext();
  assert.deepEqual(setMode.result.parse(await execute({ mode: "edit", for_minutes: 10 }, context)), {
    mode: "edit",
    previous: "plan",
    maxMode: "edit",
    until: "1970-01-01T01:33:20.000Z",
    fallback: "plan",
  });
  assert.deepEqual(await execute({ mode: "disabled" }, context), {
    mode: "disabled",
    previous: "edit",
    maxMode: "edit",
  });
  assert.match(store.read().request?.by ?? "", new RegExp(context.caller.id));
});
